-- outcome: cpu
-- within: 1500 ms
-- reply: *
-- two texts of 15 million zeros are compared byte by byte, again and again
return function(msg)
  local s = ('\0'):rep(15000000)
  while s <= s do end
end
