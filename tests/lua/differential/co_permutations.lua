local function permgen(a, n) n = n or #a if n <= 1 then coroutine.yield(table.concat(a)) else for
  i = 1, n do a[n], a[i] = a[i], a[n] permgen(a, n - 1) a[n], a[i] = a[i], a[n] end end end
local out = {}
for p in coroutine.wrap(function() permgen { 'a', 'b', 'c' } end) do out[#out + 1] = p end
return out
