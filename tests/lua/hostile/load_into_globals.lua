-- outcome: error
-- within: 500 ms
return function(msg)
  load('leak = 1', 'x', 't', _G)()
end
