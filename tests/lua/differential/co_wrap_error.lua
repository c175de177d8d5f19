local f = coroutine.wrap(function() error('in', 0) end)
local ok, e = pcall(f)
local ok2, e2 = pcall(f)
return { ok, e, ok2, e2 }
