local store, log = {}, {}
local t = setmetatable({}, { __newindex = function(_, k, v) log[#log + 1] = k store[k] = v end,
  __index = store })
t.a = 1 t.b = 2 t.a = 3 rawset(t, 'c', 4) t.c = 5
return { t.a, t.b, t.c, log, rawlen(t) }
