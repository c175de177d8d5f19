-- outcome: ok
-- within: 1500 ms
-- reply: 149850
-- 150 weak-keyed tables, each a chain in a bad order: all passes over them are one piece
return function(msg)
  local kept, n = {}, 0
  for turn = 1, 150 do
    local k, w = {}, setmetatable({}, { __mode = 'k' })
    for i = 1, 1000 do k[i] = {} end
    for i = 1000, 2, -1 do local j = i * 7919 % i + 1 k[i], k[j] = k[j], k[i] end
    for i = 1, 999 do w[k[i]] = k[i + 1] end
    kept[turn] = { w, k[1] }
  end
  for turn = 1, 150 do for _ in pairs(kept[turn][1]) do n = n + 1 end end
  return tostring(n)
end
