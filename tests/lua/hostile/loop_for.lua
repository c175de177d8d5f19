-- outcome: cpu
-- within: 5000 ms
return function(msg)
  for i = 1, math.huge do end
end
