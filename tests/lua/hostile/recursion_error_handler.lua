-- outcome: error or memory or cpu
-- within: 1500 ms
return function(msg)
  local function f() error(setmetatable({}, { __tostring = f })) end
  f()
end
