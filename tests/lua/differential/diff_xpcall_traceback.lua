local function deep() error('x', 0) end
return { xpcall(deep, function(e) return debug.traceback(e) end) }
