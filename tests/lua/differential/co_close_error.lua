local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function()
  error('closing', 0) end }) coroutine.yield(1) end)
coroutine.resume(co)
return { coroutine.close(co) }
