local log = {}
local function iter() return function(_, i) i = i + 1 if i < 4 then return i end end, nil, 0,
  setmetatable({}, { __close = function() log[#log + 1] = 'closed' end }) end
for i in iter() do log[#log + 1] = i end
for i in iter() do log[#log + 1] = i break end
pcall(function() for _ in iter() do error('x') end end)
return log
