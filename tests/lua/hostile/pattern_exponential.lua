-- outcome: error or cpu
-- within: 1500 ms
return function(msg)
  return (('a'):rep(26)):find(('a-'):rep(25) .. 'b') or error('no')
end
