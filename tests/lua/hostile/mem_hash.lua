-- outcome: memory or cpu
-- within: 3000 ms
return function(msg)
  local t = {}
  while true do t[{}] = true end
end
