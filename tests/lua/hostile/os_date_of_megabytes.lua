-- outcome: cpu or memory
-- within: 1500 ms
return function(msg)
  while true do os.date(('%p'):rep(5000000)) end
end
