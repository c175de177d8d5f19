-- outcome: error
-- within: 500 ms
return function(msg)
  assert(pcall(coroutine.yield, 1))
end
