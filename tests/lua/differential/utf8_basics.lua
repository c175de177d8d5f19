return { utf8.char(72, 228, 8364, 128512), utf8.len('häß€😀'), { utf8.codepoint('ä€', 1, -1) },
  utf8.offset('aä€', 3), utf8.offset('aä€', -1), utf8.charpattern, utf8.len(''), utf8.char(), {
  utf8.len('\xff') }, { utf8.len('ab\x80c') }, utf8.len('äöü', 3), utf8.len('äöü', -2) }
