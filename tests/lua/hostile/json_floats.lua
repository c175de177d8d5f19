-- outcome: cpu or memory
-- within: 1500 ms
-- three attempts at a text for each
return function(msg)
  local t = {}
  for i = 1, 400000 do t[i] = 1.2345678901234567e-300 * i end
  while true do replyd.json.encode(t) end
end
