return { 1 < 1.5, math.maxinteger < math.huge, math.maxinteger + 0.0 == 2^63, math.maxinteger <
  2^63, math.mininteger <= -2^63, 'a' < 'b', 'a' < 'B', 'Z' < 'a', '' < 'a', 'a\0b' < 'a\0c', '10'
  < '9', pcall(function() return 1 < '2' end), 0/0 == 0/0, 2^53 == 2^53 + 1, (1 << 53) + 1 == 2^53
  }
