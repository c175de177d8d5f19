-- outcome: cpu
-- within: 1500 ms
return function(msg)
  local t = {}
  for i = 1, 16 do t[i] = ('x'):rep(1000000) end
  for i = 17, 100000 do t[i] = t[i % 16 + 1] end
  table.sort(t)
end
