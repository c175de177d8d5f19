return { math.floor(-1.5), math.ceil(-1.5), math.floor(2^70), math.fmod(-7, 3), math.fmod(7, -3),
  math.fmod(-7.5, 2), { math.modf(-3.7) }, { math.modf(5) }, { math.modf(1/0) },
  math.tointeger(3.0), math.tointeger('8'), math.tointeger(3.5), math.ult(1, -1), math.max(1, 2.5,
  -1), math.min(3, 1.5), math.sqrt(16), math.exp(0), math.log(8, 2), math.log(100, 10),
  pcall(math.fmod, 1, 0), math.fmod(1, 0.0) ~= math.fmod(1, 0.0), pcall(math.max) }
