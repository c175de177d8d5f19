-- outcome: cpu
-- within: 2000 ms
-- each slice ends by waiting, before anybody looks at the clock
return function(msg)
  local s = ('a'):rep(1000):rep(2000)
  local function f() return s:reverse() end
  while true do replyd.all({ f }) end
end
