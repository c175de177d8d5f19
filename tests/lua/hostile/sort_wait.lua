-- outcome: error
-- within: 500 ms
return function(msg)
  table.sort({ 2, 1 }, function() replyd.sleep(1) return true end)
end
