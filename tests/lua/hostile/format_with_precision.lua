-- outcome: error or cpu
-- within: 1500 ms
-- each item is measured before its first character is taken
return function(msg)
  local s, t = ('x'):rep(1000):rep(12000), {}
  for i = 1, 9000 do t[i] = s end
  return ('%.1s'):rep(9000):format(table.unpack(t))
end
