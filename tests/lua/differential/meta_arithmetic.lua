local log = {}
local mt = {}
for _, op in ipairs { 'add', 'sub', 'mul', 'div', 'mod', 'pow', 'idiv', 'band', 'bor', 'bxor',
  'shl', 'shr', 'concat' } do mt['__' .. op] = function(a, b) log[#log + 1] = op .. (type(a) ==
  'table' and 'L' or 'R') return op end end
mt.__unm = function() return 'unm' end mt.__bnot = function() return 'bnot' end mt.__len =
  function() return 'len' end
local x = setmetatable({}, mt)
return { x + 1, 1 - x, x * x, x / 2, 2 % x, x ^ 2, x // 2, x & 1, 1 | x, x ~ 1, x << 1, 1 >> x, x
  .. 'a', 'a' .. x, -x, ~x, #x, log }
