-- outcome: error
-- within: 500 ms
return function(msg)
  local t = 'x'
  for _ = 1, 100 do t = { t } end
  return t
end
