-- outcome: memory or cpu
-- within: 1500 ms
-- two literals are enough for 2 GiB of padding
return function(msg)
  while true do pcall(string.pack, 'c2147483647', 'x') end
end
