local log = {}
local base = { 3, 1, 2 }
local t = setmetatable({}, { __index = base, __newindex = function(_, k, v) log[#log + 1] = k ..
  '=' .. tostring(v) base[k] = v end, __len = function() return #base end })
table.insert(t, 9) table.insert(t, 1, 8) table.remove(t) table.remove(t, 2) table.sort(t)
return { base, log, table.concat(t, '-'), { table.unpack(t) } }
