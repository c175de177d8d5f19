-- outcome: cpu or error
-- within: 1500 ms
-- reply: *
-- the comparator swallows its own end
return function(msg)
  local t, e = {}, {}
  for i = 1, 30000 do e[i] = 'a' end
  setmetatable(e, { __call = pairs, __pairs = table.concat })
  for i = 1, 3000 do t[i] = e end
  table.sort(t, pcall)
end
