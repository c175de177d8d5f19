local t, i = {}, 1
::top::
do local x = i t[i] = function() x = x + 1 return x end end
i = i + 1
if i <= 3 then goto top end
return { t[1](), t[1](), t[2](), t[3]() }
