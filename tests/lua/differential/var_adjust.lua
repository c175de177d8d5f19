local function f() return 1, 2, 3 end
local a, b, c, d = f()
local t = { f(), f() }
local u = { (f()) }
local v = { f(), nil }
return { a, b, c, d, #t, #u, #v, (f()), select('#', f(), f()) }
