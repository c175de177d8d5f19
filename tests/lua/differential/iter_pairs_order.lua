local t = { 10, 20, 30, nil, 50 }
local n = 0
for i, v in ipairs(t) do n = n + v end
local keys = {}
for k in pairs { a = 1, b = 2, 3 } do keys[#keys + 1] = tostring(k) end
table.sort(keys)
return { n, keys }
