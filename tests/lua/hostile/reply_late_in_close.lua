-- outcome: early
-- within: 1500 ms
-- reply: first
return function(msg)
  msg:reply("first")
  msg:finish()
  replyd.timeout(0.05, function()
    local g <close> = setmetatable({}, { __close = function() msg:reply("late") end })
    replyd.sleep(60)
  end)
  replyd.sleep(0.1)
end
