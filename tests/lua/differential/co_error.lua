local co = coroutine.create(function() error({ code = 7 }) end)
local ok, e = coroutine.resume(co)
return { ok, e.code, coroutine.status(co), { coroutine.resume(co) } }
