local out = {}
for v in coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i * i) end end) do out[#out +
  1] = v end
return out
