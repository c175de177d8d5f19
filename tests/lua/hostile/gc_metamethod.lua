-- outcome: error
-- within: 500 ms
return function(msg)
  setmetatable({}, { __gc = function() while true do end end })
end
