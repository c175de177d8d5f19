local a = { x = 1 }
local b = setmetatable({ y = 2 }, { __index = a })
local c = setmetatable({}, { __index = b })
local d = setmetatable({}, { __index = function(t, k) return k .. '!' end })
return { c.x, c.y, c.z, d.foo, rawget(c, 'x') }
