-- outcome: memory or cpu
-- within: 3000 ms
return function(msg)
  local s = ('x'):rep(10000)
  return (s:gsub('x', s))
end
