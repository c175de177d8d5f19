-- outcome: cpu
-- within: 5000 ms
return function(msg)
  local x <close> = setmetatable({}, { __close = function() while true do end end })
  error('first')
end
