return { { xpcall(function() error('x', 0) end, function(e) return e .. '!' end) }, {
  xpcall(function(...) return select('#', ...), ... end, print, 1, nil, 3) }, { xpcall(error,
  function(e) return type(e) end, { 1 }) }, { pcall(xpcall) } }
