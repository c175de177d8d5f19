-- outcome: error or cpu
-- within: 1500 ms
-- a comparator in C that makes 4 MB at each turn
return function(msg)
  local s, t = ('1'):rep(1000):rep(4000), {}
  for i = 1, 3000 do t[i] = s end
  table.sort(t, string.reverse)
end
