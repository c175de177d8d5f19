return { '\65\066\x41\u{41}', 'a\z
   b', '\a\b\f\v' == '\7\8\12\11', [[
first newline dropped]], [==[ ]] ]==], '\'"', "tab\tend", #'\u{7FFFFFFF}', select(2,
  load([[return '\q']])), select(2, load([[return '\300']])), select(2,
  load([[return '\u{110000000}']])), select(2, load([[return 'open]])), select(2,
  load('return [[open')) }
