local out = {}
for _, f in ipairs { '%d', '%y', '%', '%10', '%123d', '%.123f', '%q', '%s' } do out[#out + 1] = {
  pcall(string.format, f) } end
out[#out + 1] = { pcall(string.format, '%d', 1.5) }
out[#out + 1] = { pcall(string.format, '%d', '1.0') }
out[#out + 1] = { pcall(string.format, '%d', 'x') }
out[#out + 1] = { pcall(string.format, '%q', {}) }
out[#out + 1] = { pcall(string.format, '%10q', 'x') }
return out
