return { ('%d %5d|%-5d|%05d|%+d|% d'):format(42, 42, 42, 42, 42, 42), ('%x %X %#x %o'):format(255,
  255, 255, 8), ('%e %.3e %g %g %g'):format(12345.678, 12345.678, 1e20, 0.1, 100000),
  ('%f %.2f %10.3f|%-10.1f|'):format(1.5, 2.345, 3.14159, 2.5), ('%a'):format(1.0),
  ('%c%c'):format(72, 105), ('%s %10s|%-10s|%.2s'):format('x', 'right', 'left', 'cut'),
  ('%q'):format('a\n"b"\0\r\\'), ('%q %q %q'):format(1, 1.5, math.mininteger), ('%i %u'):format(3,
  4) == nil }
