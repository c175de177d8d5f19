local log = {}
local function c(n) return setmetatable({}, { __close = function(_, e) log[#log + 1] = n ..
  tostring(e) end }) end
do local a <close> = c('a') local b <close> = c('b') local n <close> = nil local f <close> = false
  end
pcall(function() local x <close> = c('x') error('e', 0) end)
local function r() local y <close> = c('y') return 'result' end
return { r(), log }
