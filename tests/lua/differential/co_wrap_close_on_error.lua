local log = {}
local f = coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function(_, e)
  log[1] = e end }) coroutine.yield() error('boom', 0) end)
f()
return { { pcall(f) }, log }
