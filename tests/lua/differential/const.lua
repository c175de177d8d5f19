return { select(2, load('local x <const> = 1 x = 2')), select(2,
  load('local x <close> = nil x = 2')), select(2, load('local x <foo> = 1')),
  load('local x <const> = 5 return x')() }
