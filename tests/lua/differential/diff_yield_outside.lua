return { pcall(coroutine.yield) }
