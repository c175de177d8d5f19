-- outcome: cpu or memory or error
-- within: 1500 ms
return function(msg)
  local t = {}
  for i = 1, 500000 do t[i] = '' end
  setmetatable(t, { __index = table.unpack })
  return table.concat(t, '', -8000, 0)
end
