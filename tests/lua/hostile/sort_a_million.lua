-- outcome: cpu
-- within: 1500 ms
return function(msg)
  local t = {}
  for i = 1, 2 ^ 20 do t[i] = i * 7919 % 1048573 end
  table.sort(t)
end
