-- outcome: error or memory or cpu
-- within: 1500 ms
return function(msg)
  local function f(s) return (s:gsub('.', f)) end
  f('x')
end
