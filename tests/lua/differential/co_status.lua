local co, inner
co = coroutine.create(function() inner = coroutine.create(function() return coroutine.status(co)
  end) local _, s = coroutine.resume(inner) coroutine.yield(s, coroutine.status(co)) end)
local before = coroutine.status(co)
local _, normal, running = coroutine.resume(co)
return { before, normal, running, coroutine.status(co), coroutine.status(inner) }
