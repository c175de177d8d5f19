return { { pcall(coroutine.create, 1) }, { pcall(coroutine.resume, 1) }, { pcall(coroutine.status)
  }, { pcall(coroutine.wrap) }, { pcall(coroutine.close, coroutine.running()) } }
