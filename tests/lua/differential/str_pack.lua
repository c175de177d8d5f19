return { (string.pack('<i4', 100)):byte(1, -1), string.packsize('<i4i8'), { string.unpack('<i2',
  '\1\2') }, { string.unpack('>i2', '\1\2') }, { string.unpack('z', 'abc\0def') }, {
  string.unpack('s1', '\3abc') }, string.pack('>s2', 'hi') == '\0\2hi', { string.unpack('<d',
  string.pack('<d', 1.5)) }, { string.unpack('<f', string.pack('<f', 0.5)) }, { pcall(string.pack,
  'i17', 1) }, { pcall(string.pack, 'i1', 200) }, { pcall(string.unpack, 'i4', 'abc') },
  string.packsize('!8 i1 i8'), { string.unpack('<I3', '\255\255\255') }, { string.unpack('<i3',
  '\255\255\255') } }
