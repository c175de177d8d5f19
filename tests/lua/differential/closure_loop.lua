local t = {}
for i = 1, 3 do t[i] = function() i = i + 10 return i end end
return { t[1](), t[1](), t[2](), t[3](), t[2]() }
