-- outcome: memory or cpu
-- within: 3000 ms
return function(msg)
  while true do pcall(string.rep, 'x', 1000000000) end
end
