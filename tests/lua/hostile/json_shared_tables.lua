-- outcome: cpu or memory
-- within: 1500 ms
-- 2^60 elements in 60 tables
return function(msg)
  local t = {}
  for _ = 1, 60 do t = { t, t } end
  return replyd.json.encode(t)
end
