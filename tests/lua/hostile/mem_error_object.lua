-- outcome: memory or cpu
-- within: 1500 ms
return function(msg)
  error(('x'):rep(40000000))
end
