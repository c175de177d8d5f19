return { 1 == 1.0, math.type(1), math.type(1.0), math.type('1'), 10 // 1.0, 3 | 0,
  pcall(function() return 1.5 | 0 end), pcall(function() return '3' | 0 end), '10' + 5, '0x10' +
  0, '1e1' * 1, 10 .. 20 }
