local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) local d, e =
  coroutine.yield(c * 2) return d + e end)
return { { coroutine.resume(co, 1, 2) }, { coroutine.resume(co, 10) }, { coroutine.resume(co, 3,
  4) }, { coroutine.resume(co) }, coroutine.status(co) }
