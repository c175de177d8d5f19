-- outcome: error or cpu or memory
-- within: 1500 ms
return function(msg)
  return #string.format(('%%'):rep(5000000)) > 0 and error('formatted')
end
