-- outcome: ok
-- within: 1500 ms
-- reply: went on
return function(msg)
  replyd.spawn(function()
    error(setmetatable({}, { __tostring = function() msg:finish() return "x" end }))
  end)
  replyd.sleep(0.2)
  return "went on"
end
