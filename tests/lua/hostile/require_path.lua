-- outcome: error
-- within: 500 ms
return function(msg)
  return require('../../etc/passwd')
end
