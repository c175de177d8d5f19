local t = setmetatable({}, { __tostring = function() return 'me' end, __name = 'Kind' })
local bad = setmetatable({}, { __tostring = function() return 1 end })
return { tostring(t), select(2, pcall(tostring, bad)), (tostring(setmetatable({}, { __name =
  'Kind' })):gsub('0x%x+', 'P')) }
