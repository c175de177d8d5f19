return { { ('hello world'):find('wor') }, { ('hello'):find('l', 1, true) }, { ('a.b'):find('.', 1,
  true) }, { ('hello'):find('') }, { ('hello'):find('', 10) }, { ('hello'):find('', 6) }, {
  ('hello'):find('xyz') }, { ('hello'):find('l', -2) }, {
  ('key = value'):find('(%w+)%s*=%s*(%w+)') }, { ('abc'):find('b', -100) }, { ('a+b'):find('+', 1,
  true) } }
