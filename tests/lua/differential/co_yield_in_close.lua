local co = coroutine.wrap(function() do local x <close> = setmetatable({}, { __close = function()
  coroutine.yield('closing') end }) end return 'end' end)
return { co(), co() }
