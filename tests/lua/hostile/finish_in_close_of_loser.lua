-- outcome: ok
-- within: 1500 ms
-- reply: won
return function(msg)
  local text = replyd.race({ function()
    local x <close> = setmetatable({}, { __close = function() msg:finish() end })
    replyd.sleep(60)
  end, function() return "won" end })
  replyd.sleep(0.1)
  return text
end
