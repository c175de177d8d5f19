local out = {}
for w in ('one two  three'):gmatch('%a+') do out[#out + 1] = w end
for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do out[#out + 1] = k .. v end
for p in ('abc'):gmatch('()') do out[#out + 1] = p end
for w in ('abc'):gmatch('.', 2) do out[#out + 1] = w end
for w in ('abc'):gmatch('x*') do out[#out + 1] = '[' .. w .. ']' end
return out
