-- outcome: ok or error or cpu or memory
-- within: 1500 ms
-- reply: *
-- two texts of 8 million digits
return function(msg)
  local s = '0x' .. ('f'):rep(4000000) .. '.' .. ('f'):rep(4000000)
  for i = 1, 100 do s = s + s end
end
