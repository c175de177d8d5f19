-- outcome: error or cpu or memory
-- within: 1500 ms
-- reply: *
return function(msg)
  return string.packsize(('b'):rep(10000000)) > 0 and error('packed')
end
