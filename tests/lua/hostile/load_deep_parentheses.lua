-- outcome: error or cpu
-- within: 500 ms
return function(msg)
  assert(load('return ' .. ('('):rep(100000) .. '1' .. (')'):rep(100000)))
end
