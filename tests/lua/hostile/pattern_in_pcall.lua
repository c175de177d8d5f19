-- outcome: cpu
-- within: 5000 ms
return function(msg)
  while true do pcall(string.find, ('a'):rep(1280), '.-.-.-b') end
end
