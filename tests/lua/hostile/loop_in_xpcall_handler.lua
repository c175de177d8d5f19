-- outcome: cpu
-- within: 5000 ms
return function(msg)
  xpcall(error, function() while true do end end)
end
