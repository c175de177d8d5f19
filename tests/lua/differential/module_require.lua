local m, again = require('lib.stack'), require('lib.stack')
local s = m.new()
s:push(1) s:push('two')
return { m == again, s:pop(), s:pop(), s:pop(), type(require('string')), require('string') ==
  string }
