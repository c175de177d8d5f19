local co = coroutine.create(function() error('x', 0) end)
coroutine.resume(co)
return { { coroutine.close(co) }, { coroutine.close(co) } }
