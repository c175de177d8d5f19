local out = {}
for _, s in ipairs { 'x =', 'return return', 'local function', 'if x then', 'for i = 1 do end',
  'x = }', 'a.b:c = 1', '1 = 2', 'local x <const>', 'return 0x', 'x = 3..2', 'f(', 'goto', '::',
  'return ...; x', 'local t = {1 2}', 'x = "a\nb"' } do out[#out + 1] = select(2, load(s, '=s'))
  or 'fine' end
return out
