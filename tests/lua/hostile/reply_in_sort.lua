-- outcome: ok
-- within: 1500 ms
-- reply: in time
-- what needs no wait is fine in a callback
return function(msg)
  table.sort({ 2, 1 }, function(a, b) msg:reply("in time") return a < b end)
  replyd.sleep(0.1)
end
