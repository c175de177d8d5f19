-- outcome: cpu
-- within: 5000 ms
return function(msg)
  repeat local x = 1 until false
end
