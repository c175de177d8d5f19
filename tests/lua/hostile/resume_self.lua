-- outcome: error
-- within: 500 ms
return function(msg)
  assert(coroutine.resume(coroutine.running()))
end
