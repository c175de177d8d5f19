-- outcome: error
-- within: 500 ms
return function(msg)
  counter = 1
end
