-- outcome: cpu
-- within: 1500 ms
-- the coroutine that a tick arms ends without an instruction
return function(msg)
  local s = ('1'):rep(1000):rep(4000)
  while true do coroutine.wrap(string.reverse)(s) end
end
