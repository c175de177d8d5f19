return { { ('hello'):gsub('l', 'L') }, { ('hello'):gsub('', '-') }, { ('abc'):gsub('%w', '%0%0')
  }, { ('hello world'):gsub('(%w+) (%w+)', '%2 %1') }, { ('abc'):gsub('b', { b = 'X' }) }, {
  ('abc'):gsub('%w', function(c) if c ~= 'b' then return c:upper() end end) }, {
  ('$name is $age'):gsub('%$(%w+)', { name = 'Bob', age = 42 }) }, { ('aaa'):gsub('a', 'b', 2) },
  { ('abc'):gsub('b', '%%') }, { ('x'):gsub('x', false and 'y' or '%1') }, { pcall(string.gsub,
  'x', 'x', '%2') }, { pcall(string.gsub, 'x', 'x', '%a') }, { pcall(string.gsub, 'x', 'x',
  function() return {} end) }, { ('a b'):gsub('^a', 'X') }, { ('abc'):gsub('.', { a = false, b = 1
  }) } }
