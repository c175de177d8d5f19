-- outcome: cpu or memory
-- within: 1500 ms
-- reply: *
-- each character of them is looked at, in one call
return function(msg)
  local s = ('a'):rep(1000):rep(28000)
  while true do utf8.offset(s, #s) utf8.offset(s, -#s) end
end
