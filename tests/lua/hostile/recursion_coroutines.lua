-- outcome: error or memory or cpu
-- within: 1500 ms
return function(msg)
  local function f() return coroutine.wrap(f)() end
  f()
end
