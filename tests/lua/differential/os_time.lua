return { os.time { year = 2024, month = 1, day = 31, hour = 12, isdst = false } - os.time { year =
  2024, month = 1, day = 30, hour = 12, isdst = false }, os.date('!%Y-%m-%d %H:%M:%S', 0),
  os.date('!*t', 86400).day, os.difftime(5, 3), { pcall(os.time, {}) }, type(os.clock()), {
  pcall(os.date, '%Ez', 0) } }
