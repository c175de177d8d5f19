-- outcome: memory or cpu
-- within: 1500 ms
return function(msg)
  return ('x'):rep(1000000000)
end
