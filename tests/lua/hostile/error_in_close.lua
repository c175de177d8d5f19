-- outcome: error
-- within: 500 ms
return function(msg)
  local x <close> = setmetatable({}, { __close = function() error('closing') end })
  error('first')
end
