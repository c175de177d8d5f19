return { pcall(pcall), pcall(pcall, error, 'x'), pcall(function() local ok, e = pcall(error, 'in')
  error('out:' .. e, 0) end), select('#', pcall(function() return 1, 2, 3 end)) }
