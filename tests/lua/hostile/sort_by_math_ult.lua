-- outcome: error or cpu
-- within: 1500 ms
-- a comparator in C that reads 12 MB at each turn
return function(msg)
  local s, t = '0x' .. ('1'):rep(1000):rep(6000), {}
  for i = 1, 3000 do t[i] = s end
  table.sort(t, math.ult)
end
