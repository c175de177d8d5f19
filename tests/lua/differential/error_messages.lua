local t, s, f = {}, 'str', function() end
local function try(g) return select(2, pcall(g)) end
return { try(function() return t.x.y end), try(function() t.x() end), try(function() return s + 1
  end), try(function() return #nil end), try(function() return -t end), try(function() return t <
  t end), try(function() return t < 1 end), try(function() return s .. t end), try(function()
  undefinedglobal() end), try(function() return undefinedglobal.x end), try(function() t:method()
  end), try(function() return f.x end), try(function() return 1 & 1.5 end), try(function() return
  ('x')() end), try(function() string.rep() end), try(function() ('x'):rep({}) end),
  try(function() setmetatable(1, {}) end), try(function() return math.floor('x') end),
  try(function() return 2^53 | 2^70 end), try(function() t[nil] = 1 end) }
