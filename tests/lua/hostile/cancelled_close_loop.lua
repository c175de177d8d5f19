-- outcome: cancelled
-- within: 9000 ms
-- closing a cancelled coroutine is under budget, too
return function(msg)
  local x <close> = setmetatable({}, { __close = function() while true do end end })
  replyd.sleep(60)
end
