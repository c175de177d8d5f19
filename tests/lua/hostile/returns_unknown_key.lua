-- outcome: error
-- within: 500 ms
return function(msg)
  return { body = 'x', medai = 'y' }
end
