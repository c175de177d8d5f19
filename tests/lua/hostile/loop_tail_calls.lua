-- outcome: cpu
-- within: 5000 ms
return function(msg)
  local function f() return f() end
  return f()
end
