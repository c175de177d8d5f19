-- outcome: ok
-- within: 1500 ms
-- reply: logged
-- 100 lines are written, the rest is counted
return function(msg)
  for i = 1, 100000 do print(i) end
  return 'logged'
end
