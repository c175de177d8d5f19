local function f(n) if n == 0 then coroutine.yield('bottom') return 0 end return 1 + f(n - 1) end
local co = coroutine.wrap(f)
return { co(100), co() }
