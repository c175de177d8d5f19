local function memo(f) local c = {} return function(n) local v = c[n] if v == nil then v = f(n)
  c[n] = v end return v end end
local calls = 0
local f = memo(function(n) calls = calls + 1 return n * n end)
return { f(3), f(3), f(4), calls }
