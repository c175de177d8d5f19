-- outcome: memory or cpu or error
-- within: 5000 ms
-- coroutines that wait, without end
return function(msg)
  while true do replyd.spawn(function() replyd.sleep(60) end) end
end
