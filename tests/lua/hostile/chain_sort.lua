-- outcome: cpu or memory or error
-- within: 1500 ms
return function(msg)
  local t = {}
  for i = 1, 100000 do t[i] = i * 7919 % 100003 end
  for _ = 1, 1900 do
    t = setmetatable({}, { __index = t, __newindex = t, __len = function() return 100000 end })
  end
  table.sort(t)
end
