-- outcome: error
-- within: 500 ms
return function(msg)
  error(setmetatable({}, { __tostring = function() return {} end }))
end
