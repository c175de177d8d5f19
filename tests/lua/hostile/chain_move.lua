-- outcome: cpu or memory or error
-- within: 1500 ms
return function(msg)
  local t = {}
  for _ = 1, 1900 do t = setmetatable({}, { __index = t, __newindex = t }) end
  table.move(t, 1, 1000000, 2)
end
