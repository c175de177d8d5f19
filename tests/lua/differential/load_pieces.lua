local parts, i = { 'return ', '1', ' + ', '2' }, 0
return { load(function() i = i + 1 return parts[i] end)(), { pcall(load, function()
  error('reader', 0) end) } }
