-- outcome: ok or cpu
-- within: 5000 ms
-- reply: *
-- the loser's __close never ends
return function(msg)
  return replyd.race({ function()
    local x <close> = setmetatable({}, { __close = function() while true do end end })
    replyd.sleep(60)
  end, function() replyd.sleep(0.01) return 'won' end })
end
