-- outcome: error or memory or cpu
-- within: 1500 ms
return function(msg)
  local function f() return 1 + f() end
  f()
end
