-- outcome: cpu
-- within: 5000 ms
return function(msg)
  local t = {}
  for i = 1, 20 do t[i] = function() while true do end end end
  replyd.all(t)
end
