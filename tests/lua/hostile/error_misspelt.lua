-- outcome: error
-- within: 500 ms
return function(msg)
  replyd.slep(1)
end
