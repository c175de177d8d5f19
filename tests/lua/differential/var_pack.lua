local t = table.pack(1, nil, 3, nil)
return { t.n, t[1], t[3], { table.unpack(t, 1, t.n) }, select('#', table.unpack(t, 1, t.n)), {
  table.unpack({ 1, 2, 3 }, 2) }, { table.unpack({ 1, 2, 3 }, 2, 3) }, { table.unpack({}, 1, 3) },
  { pcall(table.unpack, {}, 1, 1e8) } }
