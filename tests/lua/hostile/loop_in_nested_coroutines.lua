-- outcome: cpu
-- within: 5000 ms
return function(msg)
  local function nest(n) return coroutine.wrap(function()
      if n == 0 then while true do end end
      return nest(n - 1)() end) end
  nest(50)()
end
