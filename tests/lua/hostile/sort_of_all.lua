-- outcome: cpu
-- within: 1500 ms
-- reply: *
-- a comparator of the engine's own: 1000 coroutines are made, and nobody may wait for them
return function(msg)
  local f = function() end
  local list = {}
  for i = 1, 1000 do list[i] = f end
  local t = {}
  for i = 1, 50000 do t[i] = list end
  while true do pcall(table.sort, t, replyd.all) end
end
