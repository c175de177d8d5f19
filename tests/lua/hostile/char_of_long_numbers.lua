-- outcome: error or cpu
-- within: 1500 ms
-- as max_of_long_numbers, for all other functions that take any number of numbers
return function(msg)
  local s, t = '0x' .. ('0'):rep(1000):rep(6000) .. '41', {}
  for i = 1, 5000 do t[i] = s end
  pcall(string.char, table.unpack(t))
  pcall(utf8.char, table.unpack(t))
  pcall(string.pack, ('b'):rep(5000), table.unpack(t))
  pcall(string.format, ('%d'):rep(5000), table.unpack(t))
end
