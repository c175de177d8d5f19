-- outcome: cpu
-- within: 5000 ms
return function(msg)
  while true do load('local x = 1')() end
end
