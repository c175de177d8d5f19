local out = {}
for i = 10, 1, -3 do out[#out + 1] = i end
for i = 1, 0 do out[#out + 1] = 'never' end
for i = 1.0, 2, 0.5 do out[#out + 1] = i end
for i = math.maxinteger - 1, math.maxinteger do out[#out + 1] = i end
for i = 1, 2.9 do out[#out + 1] = i end
for i = 3, -math.huge, -1 do out[#out + 1] = i if i < 1 then break end end
return { out, pcall(function() for i = 1, 10, 0 do end end), pcall(function() for i = 'a', 2 do
  end end) }
