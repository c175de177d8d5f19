return { tonumber('ff', 16), tonumber('zz', 36), tonumber('8', 8), tonumber('-101', 2),
  tonumber(' 11 ', 2), tonumber('1.0', 10), pcall(tonumber, '1', 1), pcall(tonumber, 1, 10),
  pcall(tonumber) }
