-- outcome: error or memory or cpu
-- within: 1500 ms
-- reply: *
return function(msg)
  local t = {}
  setmetatable(t, { __index = function(_, k) return t[k .. 'x'] end })
  return t.x
end
