-- outcome: error
-- within: 500 ms
return function(msg)
  local t = {}
  t[1] = t
  return t
end
