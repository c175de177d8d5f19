local mt = { __add = function(a, b) return coroutine.yield('add') end, __index = function(_, k)
  return coroutine.yield(k) end, __lt = function() return coroutine.yield('lt') end, __concat =
  function() return coroutine.yield('cat') end, __eq = function() return coroutine.yield('eq')
  end, __call = function(_, x) return coroutine.yield(x) end }
local function new() return setmetatable({}, mt) end
local co = coroutine.wrap(function() local a, b = new(), new() return { a + b, a.key, a < b, a ..
  b, a == b, a(9) } end)
local seen, v = {}, co()
while type(v) ~= 'table' do seen[#seen + 1] = v v = co(#seen) end
return { seen, v }
