math.randomseed(42)
local ok = true
for _ = 1, 200 do local a, b, c = math.random(), math.random(6), math.random(-3, 3) ok = ok and a
  >= 0 and a < 1 and b >= 1 and b <= 6 and c >= -3 and c <= 3 and math.type(b) == 'integer' end
return { ok, pcall(math.random, 2, 1), pcall(math.random, 1, 2, 3) }
