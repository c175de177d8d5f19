local out = {}
for c in ('aä€😀'):gmatch(utf8.charpattern) do out[#out + 1] = #c end
return out
