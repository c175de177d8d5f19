return { type(nil), type(1), type(''), type({}), type(print), type(coroutine.create(print)),
  tostring(nil), tostring(true), (tostring({}):gsub('0x%x+', 'P')),
  (tostring(print):match('^%a+')), { pcall(type) }, { pcall(tostring) } }
