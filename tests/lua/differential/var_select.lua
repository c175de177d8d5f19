local function f(...) return select('#', ...), (select(2, ...)), { ... }, { n = select('#', ...),
  ... } end
return { f(1, nil, 3), f(), select('#', nil, nil), { select(-2, 'a', 'b', 'c') }, { pcall(select,
  0) }, { pcall(select, -1) } }
