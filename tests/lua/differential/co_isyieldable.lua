return coroutine.wrap(function() return coroutine.isyieldable() end)()
