-- outcome: error or cpu
-- within: 1500 ms
-- one call with 5,000 texts of 6 MB to be read as numbers
return function(msg)
  local s, t = '0x' .. ('0'):rep(1000):rep(6000) .. '41', {}
  for i = 1, 5000 do t[i] = s end
  return tostring(math.max(table.unpack(t)))
end
