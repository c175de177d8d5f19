-- outcome: cpu
-- within: 5000 ms
return function(msg)
  return ('').rep(setmetatable({}, { __index = function() while true do end end }).x, 2)
end
