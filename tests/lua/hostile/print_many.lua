-- outcome: ok or error or cpu or memory
-- within: 1500 ms
-- reply: *
-- 400,000 numbers become texts
return function(msg)
  local L = {}
  for i = 1, 400000 do L[i] = i + 0.1 end
  print(table.unpack(L))
end
