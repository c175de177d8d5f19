-- outcome: error or memory or cpu
-- within: 3000 ms
-- reply: *
return function(msg)
  local function f(...) return f(1, ...) end
  f()
end
