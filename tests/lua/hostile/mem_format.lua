-- outcome: memory or cpu
-- within: 1500 ms
return function(msg)
  local s = ('x'):rep(4000000)
  return ('%s'):rep(20):format(s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s)
end
