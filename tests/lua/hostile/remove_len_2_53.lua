-- outcome: cpu
-- within: 500 ms
return function(msg)
  table.remove(setmetatable({}, { __len = function() return 1 << 53 end }), 1)
end
