return coroutine.wrap(function() local co, main = coroutine.running() return { type(co), main }
  end)()
