-- outcome: cpu
-- within: 5000 ms
return function(msg)
  while true do end
end
