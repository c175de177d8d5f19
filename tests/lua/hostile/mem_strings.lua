-- outcome: memory or cpu
-- within: 3000 ms
return function(msg)
  local t, s = {}, ('x'):rep(100)
  while true do t[#t + 1] = s .. #t end
end
