-- outcome: cpu
-- within: 500 ms
return function(msg)
  return tostring(setmetatable({}, { __tostring = function() while true do end end }))
end
