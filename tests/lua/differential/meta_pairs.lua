local t = setmetatable({}, { __pairs = function(t) return function(_, k) k = (k or 0) + 1 if k < 4
  then return k, k * k end end, t, nil end })
local out = {}
for k, v in pairs(t) do out[k] = v end
return out
