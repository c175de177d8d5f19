-- outcome: error
-- within: 500 ms
return function(msg)
  local t = {}
  for i = 1, 11 do t[i] = 'x' end
  return t
end
