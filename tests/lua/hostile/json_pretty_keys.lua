-- outcome: cpu or memory
-- within: 1500 ms
-- keys in order: a sort that must make way
return function(msg)
  local t = {}
  for i = 1, 150000 do t['k' .. i * 7919 % 150001] = i end
  while true do replyd.json.encode(t, { pretty = true }) end
end
