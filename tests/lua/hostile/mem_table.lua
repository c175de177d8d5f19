-- outcome: memory or cpu
-- within: 3000 ms
return function(msg)
  local t = {}
  while true do t[#t + 1] = {} end
end
