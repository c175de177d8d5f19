local log = {}
local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function(_,
  e) log[#log + 1] = tostring(e) end }) coroutine.yield(1) end)
coroutine.resume(co)
return { coroutine.close(co), coroutine.status(co), log, { coroutine.resume(co) } }
