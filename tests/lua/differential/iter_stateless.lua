local function range(n) return function(s, i) if i < s then return i + 1 end end, n, 0 end
local s = 0
for i in range(10) do s = s + i end
return s
