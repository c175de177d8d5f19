-- outcome: error
-- within: 500 ms
return function(msg)
  for _ = 1, 1000000 do msg:reply('x') end
end
