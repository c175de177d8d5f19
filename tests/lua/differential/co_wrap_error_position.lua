local f = coroutine.wrap(function() error('in') end)
return { pcall(f) }
