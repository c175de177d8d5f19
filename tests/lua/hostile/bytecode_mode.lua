-- outcome: error
-- within: 500 ms
return function(msg)
  assert(load('return 1', 'x', 'b'))
end
