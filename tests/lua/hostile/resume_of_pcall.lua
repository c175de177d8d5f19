-- outcome: cpu
-- within: 1500 ms
return function(msg)
  local s = ('a'):rep(1000):rep(4000)
  while true do coroutine.resume(coroutine.create(pcall), string.upper, s) end
end
