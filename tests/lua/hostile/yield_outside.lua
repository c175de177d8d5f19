-- outcome: error
-- within: 500 ms
return function(msg)
  coroutine.yield()
end
