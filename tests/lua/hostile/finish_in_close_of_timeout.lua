-- outcome: ok
-- within: 1500 ms
-- reply: too slow
return function(msg)
  replyd.timeout(0.05, function()
    local g <close> = setmetatable({}, { __close = function() msg:finish() end })
    replyd.sleep(60)
  end)
  replyd.sleep(0.1)
  return "too slow"
end
