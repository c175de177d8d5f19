local log = {}
local function c(n) return setmetatable({}, { __close = function() log[#log + 1] = n end }) end
for i = 1, 3 do local x <close> = c(i) if i == 2 then break end end
do local k = 0 ::again:: local y <close> = c('g' .. k) k = k + 1 if k < 3 then goto again end end
return log
