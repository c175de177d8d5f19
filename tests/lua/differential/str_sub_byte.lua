return { ('hello'):sub(2, 3), ('hello'):sub(-3), ('hello'):sub(0), ('hello'):sub(3, 2),
  ('hello'):sub(-100, 100), ('hello'):sub(2, -2), { ('abc'):byte(1, -1) }, { ('abc'):byte(10) },
  ('abc'):byte(-1), string.char(72, 105), string.char(), { pcall(string.char, 256) },
  ('abc'):rep(3, '-'), ('x'):rep(0), ('x'):rep(-1), (''):rep(5, '-'), ('abc'):reverse(),
  ('MiXed'):upper(), ('MiXed'):lower(), #'\u{20AC}', ('a\0b'):len() }
