return { pcall(function() return 1 // 0 end), pcall(function() return 1 % 0 end), 1 / 0, -1 / 0,
  1.0 // 0, tostring(0 / 0):gsub('-', ''), 5.0 % math.huge, -5.0 % math.huge }
