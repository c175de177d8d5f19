-- outcome: cpu or memory or error
-- within: 1500 ms
return function(msg)
  local t = {}
  for _ = 1, 1900 do t = setmetatable({}, { __index = t }) end
  return error(select("#", table.unpack(t, 1, 900000)))
end
