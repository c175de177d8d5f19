-- outcome: error
-- within: 500 ms
return function(msg)
  local t = {}
  setmetatable(t, { __index = t })
  return t.x
end
