local t = {}
t[1.0] = 'a' t[2] = 'b' t[2^53] = 'c'
return { t[1], t[2.0], t[1 << 53], #t, pcall(function() t[0/0] = 1 end), pcall(function() t[nil] =
  1 end), t[nil], next({ [3.0] = 1 }) }
