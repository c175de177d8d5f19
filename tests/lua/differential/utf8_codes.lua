local out = {}
for p, c in utf8.codes('aä€😀') do out[#out + 1] = p .. ':' .. c end
return { out, { pcall(function() for _ in utf8.codes('a\xffb') do end end) }, {
  pcall(utf8.codepoint, '\xff') }, { pcall(utf8.char, -1) }, { pcall(utf8.offset, 'ä', 1, 2) },
  utf8.codepoint('\u{7FFFFFFF}', 1, 1, true), { utf8.len('\u{D800}') }, utf8.len('\u{D800}', 1,
  -1, true) }
