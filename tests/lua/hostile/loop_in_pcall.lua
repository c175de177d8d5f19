-- outcome: cpu
-- within: 5000 ms
return function(msg)
  while true do pcall(function() while true do end end) end
end
