return { type(_G), _G._G == _G, _VERSION, type(_ENV), _G.string == string, rawequal(_G.print,
  print), undefined == nil }
