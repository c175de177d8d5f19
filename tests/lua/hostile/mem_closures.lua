-- outcome: memory or cpu
-- within: 3000 ms
return function(msg)
  local t = {}
  while true do local x = {} t[#t + 1] = function() return x end end
end
