-- outcome: error or memory or cpu
-- within: 1500 ms
return function(msg)
  local function f() return pcall(f) end
  f()
  error('deep')
end
