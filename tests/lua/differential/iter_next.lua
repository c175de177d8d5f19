local t = { a = 1 }
return { next({}), next(t), next(t, 'a'), { pcall(next, t, 'nope') }, { pcall(next) }, type(next)
  }
