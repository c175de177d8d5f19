local function f() local _ENV <const> = { x = 1 } return x end
local function g(_ENV) return a + b end
return { f(), g { a = 1, b = 2 } }
