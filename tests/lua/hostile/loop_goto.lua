-- outcome: cpu
-- within: 5000 ms
return function(msg)
  ::again:: goto again
end
