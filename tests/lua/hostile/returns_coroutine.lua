-- outcome: error
-- within: 500 ms
return function(msg)
  return coroutine.create(print)
end
