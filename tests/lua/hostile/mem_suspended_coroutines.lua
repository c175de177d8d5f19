-- outcome: memory or cpu
-- within: 3000 ms
return function(msg)
  local t = {}
  for i = 1, 1000000 do t[i] = coroutine.wrap(function() coroutine.yield() end) t[i]() end
end
