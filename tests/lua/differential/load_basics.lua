return { load('return 1 + 1')(), load('return ...')(7), { load('x x') }, load(function() return
  nil end) ~= nil, select(2, pcall(load, {})), { load('return x', 'chunk', 't', { x = 5 })() }, {
  load('error("e")', '=name') and pcall(load('error("e")', '=name')) }, { pcall(load('error("e")',
  '@file.lua')) }, { pcall(load('error("e")', 'some code')) } }
