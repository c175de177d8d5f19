local p, out = {}, {}
for i = 2, 100 do p[i] = true end
for i = 2, 10 do if p[i] then for j = i * i, 100, i do p[j] = false end end end
for i = 2, 100 do if p[i] then out[#out + 1] = i end end
return out
