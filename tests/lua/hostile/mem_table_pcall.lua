-- outcome: memory or cpu
-- within: 3000 ms
return function(msg)
  local t = {}
  while true do pcall(function() while true do t[#t + 1] = ('x'):rep(1000) .. #t end end) end
end
