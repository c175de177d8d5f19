-- outcome: error
-- within: 500 ms
-- no await inside a callback of gsub, in words
return function(msg)
  return (('x'):gsub('.', function() replyd.sleep(1) end))
end
