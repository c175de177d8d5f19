local t, i = {}, 0
while i < 3 do i = i + 1 local j = i t[i] = function() j = j * 2 return j end end
return { t[1](), t[2](), t[3](), t[3]() }
