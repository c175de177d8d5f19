-- outcome: ok or error or cpu or memory
-- within: 1500 ms
-- reply: *
-- each text costs a look through 130,000 empty places
return function(msg)
  local T, L, last = {}, {}, nil
  for i = 1, 2^17 do T[i * 1.5] = true end
  for k in pairs(T) do last = k end
  for k in pairs(T) do if k ~= last then T[k] = nil end end
  setmetatable(T, { __tostring = next })
  for i = 1, 20000 do L[i] = T end
  print(table.unpack(L))
end
