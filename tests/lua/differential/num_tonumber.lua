local out = {}
for _, s in ipairs { '10', ' 10 ', '0x1F', '1e2', '1e', '', ' ', '0x', '1 2', '10a', '0x.8p1',
  '1.', '.5', 'inf', 'nan', '1_0', '9223372036854775807', '9223372036854775808',
  '0xffffffffffffffffff', '1e400', '\t5\n', '5\0' } do out[#out + 1] = tostring(tonumber(s)) end
return out
