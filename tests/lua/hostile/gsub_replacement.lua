-- outcome: cpu or memory
-- within: 1500 ms
return function(msg)
  while true do local _ = ('x'):rep(30000):gsub('(a-)', ('%1'):rep(1000000)) end
end
