local co
co = coroutine.wrap(function() return coroutine.wrap(function() return pcall(co) end)() end)
return { co() }
