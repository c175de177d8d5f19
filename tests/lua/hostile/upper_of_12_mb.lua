-- outcome: cpu or memory
-- within: 1500 ms
-- reply: *
-- a tenth of a second a call
return function(msg)
  local s = ('a'):rep(1000):rep(12000)
  while true do s:upper() s:lower() s:reverse() end
end
