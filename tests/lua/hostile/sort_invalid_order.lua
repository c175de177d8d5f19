-- outcome: error
-- within: 500 ms
return function(msg)
  table.sort({ 1, 2, 3, 4, 5 }, function() return true end)
  error('sorted anyhow')
end
