-- outcome: cpu
-- within: 5000 ms
return function(msg)
  local f, g
  function f() return g() end
  function g() return f() end
  return f()
end
