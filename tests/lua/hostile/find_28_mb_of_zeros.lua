-- outcome: cpu or memory
-- within: 1500 ms
-- reply: *
-- the pattern is looked through for special characters from each zero to the next
return function(msg)
  local Z = ('\0'):rep(1000):rep(28000)
  while true do ('x'):find(Z) end
end
