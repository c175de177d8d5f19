local t = setmetatable({}, { __index = function(_, i) if i < 5 then return i * 2 end end, __len =
  function() return 4 end })
local out = {}
for i, v in ipairs(t) do out[i] = v end
return { out, #t, { table.unpack(t) }, table.concat(t, ',') }
