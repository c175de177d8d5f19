local co = coroutine.wrap(function() local ok, e = pcall(function() coroutine.yield(1)
  error('late', 0) end) coroutine.yield(e) return 'end' end)
return { co(), co(), co() }
