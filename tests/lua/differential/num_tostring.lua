return { tostring(1), tostring(1.0), tostring(-0.0), tostring(1e100), tostring(0.1), tostring(1 /
  3), tostring(123456789012345), tostring(1e15), tostring(math.pi), tostring(2^63),
  tostring(math.mininteger), 3.0 .. '', 1e300 * 1e10 }
