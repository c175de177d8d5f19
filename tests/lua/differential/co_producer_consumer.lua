local function producer() return coroutine.create(function() for _, w in ipairs { 'a', 'b', 'c' }
  do coroutine.yield(w) end end) end
local function filter(p) return coroutine.create(function() local n = 0 while true do local _, v =
  coroutine.resume(p) if not v then return end n = n + 1 coroutine.yield(n .. v) end end) end
local f, out = filter(producer()), {}
while true do local _, v = coroutine.resume(f) if not v then break end out[#out + 1] = v end
return out
