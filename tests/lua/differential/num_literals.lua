return { 0xA, 0Xa.8p0, 0x.1p4, 1e-2, 3e2, 0xffffffffffffffff, 9223372036854775807,
  9223372036854775808, 1//1, 0x7fffffffffffffff + 1, 1e308 * 10 }
