local out = {}
for i = 1, 10 do if i % 2 == 0 then goto continue end out[#out + 1] = i ::continue:: end
return out
