-- outcome: error or cpu or memory
-- within: 3000 ms
-- plain Lua's collector takes n passes over such a chain in one piece
return function(msg)
  local k, w = {}, setmetatable({}, { __mode = 'k' })
  for i = 1, 30000 do k[i] = {} end
  for i = 30000, 2, -1 do local j = i * 7919 % i + 1 k[i], k[j] = k[j], k[i] end
  for i = 1, 29999 do w[k[i]] = k[i + 1] end
  local head = k[1]
  k = nil
  local s
  for i = 1, 6000 do s = ('x'):rep(10000) .. i end
  error(head and s and 'collected')
end
