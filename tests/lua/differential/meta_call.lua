local t = setmetatable({}, { __call = function(self, a, ...) return a, select('#', ...), self ~=
  nil end })
return { t(1, 2, 3), (pcall(t)) }
