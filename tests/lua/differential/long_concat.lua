local t = {}
for i = 1, 300 do t[i] = i end
local s = table.concat(t, ',')
return { #s, s:sub(-10), select('#', table.unpack(t)) }
