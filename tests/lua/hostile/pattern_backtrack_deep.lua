-- outcome: error or cpu
-- within: 1500 ms
return function(msg)
  return (('a'):rep(100000)):find(('a?'):rep(10000)) and error('found')
end
