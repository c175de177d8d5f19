-- outcome: error or cpu or memory
-- within: 3000 ms
return function(msg)
  return replyd.text.split(('x '):rep(5000000), 10)
end
