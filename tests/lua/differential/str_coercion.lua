return { '10' * '2', '3' ^ 2, 10 .. '', pcall(function() return 'a' + 1 end), pcall(function()
  return {} .. 'x' end), '0x10' + 0, ' 5 ' * 1, pcall(function() return '5' < 6 end),
  #tostring(12), -'2', '7' // 2, '7.0' // 2, '10' % 3 }
