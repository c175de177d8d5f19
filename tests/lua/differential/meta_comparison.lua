local mt = { __lt = function(a, b) return a.v < b.v end, __le = function(a, b) return a.v <= b.v
  end, __eq = function(a, b) return a.v == b.v end }
local function n(v) return setmetatable({ v = v }, mt) end
return { n(1) < n(2), n(2) <= n(1), n(3) == n(3), n(3) ~= n(3), n(1) > n(2), rawequal(n(1), n(1)),
  { pcall(function() return n(1) < 1 end) } }
