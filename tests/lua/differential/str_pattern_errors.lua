local out = {}
for _, p in ipairs { '(', ')', '[a', '%', '%b', '%f', '(()', '%1', '[%', '%bx', 'a**' } do
  out[#out + 1] = { pcall(string.find, 'abc', p) } end
return out
