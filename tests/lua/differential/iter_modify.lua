local t = {}
for i = 1, 100 do t[i] = i end
for k in pairs(t) do if k % 2 == 0 then t[k] = nil end end
local n = 0
for _ in pairs(t) do n = n + 1 end
return n
