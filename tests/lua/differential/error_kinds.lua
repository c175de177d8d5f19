local out = {}
for i, v in ipairs { 'text', 42, true, { code = 1 } } do local ok, e = pcall(error, v) out[i] = {
  ok, type(e) == 'table' and e.code or e } end
out[#out + 1] = { pcall(error) }
out[#out + 1] = { pcall(error, nil) }
return out
