-- outcome: cpu
-- within: 500 ms
return function(msg)
  table.sort({ 3, 2, 1 }, function() while true do end end)
end
