local log = {}
local function c(n, fail) return setmetatable({}, { __close = function(_, e) log[#log + 1] = n ..
  ':' .. tostring(e) if fail then error(fail, 0) end end }) end
local ok, e = pcall(function() local a <close> = c('a') local b <close> = c('b', 'from b') local d
  <close> = c('d', 'from d') error('first', 0) end)
return { ok, e, log }
