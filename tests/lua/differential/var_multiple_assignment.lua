local a, b, c = 1, 2
a, b = b, a
local t = { 1, 2 }
local i = 1
i, t[i] = i + 1, 20
return { a, b, c, t, i }
