-- outcome: memory or cpu
-- within: 3000 ms
return function(msg)
  local t = { ('x'):rep(1000000) }
  for _ = 1, 9 do t = { t, t, t } end
  return replyd.json.encode(t)
end
