-- outcome: cpu
-- within: 2500 ms
return function(msg)
  for _ = 1, 100 do load((' a = 1'):rep(1000000)) end
end
