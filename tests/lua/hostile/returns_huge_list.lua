-- outcome: error or cpu or memory
-- within: 1500 ms
-- reply: *
return function(msg)
  local t = {}
  for i = 1, 1000000 do t[i] = '' end
  t[1000001] = print
  return t
end
