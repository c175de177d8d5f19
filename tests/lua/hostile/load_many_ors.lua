-- outcome: cpu
-- within: 1500 ms
return function(msg)
  load('return a' .. (' or a'):rep(100000))
end
