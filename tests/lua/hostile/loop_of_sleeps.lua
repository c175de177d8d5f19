-- outcome: cancelled
-- within: 9000 ms
return function(msg)
  for _ = 1, 1000 do replyd.sleep(60) end
end
