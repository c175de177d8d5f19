return { math.maxinteger + 1 == math.mininteger, math.mininteger - 1, math.maxinteger * 2,
  -math.mininteger, math.maxinteger + 1.0, math.mininteger // -1, math.mininteger % -1,
  math.abs(math.mininteger) }
