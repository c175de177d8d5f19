-- outcome: cpu
-- within: 5000 ms
return function(msg)
  local function again() return 1 end
  for _ in pairs(setmetatable({}, { __pairs = function() return again end })) do end
end
