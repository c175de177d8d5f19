-- outcome: ok or cpu
-- within: 5000 ms
-- reply: *
-- what it spawned spins after its end, until the budget of both is used up
return function(msg)
  replyd.spawn(function() while true do end end)
  return 'answered'
end
