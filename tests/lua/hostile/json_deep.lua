-- outcome: error
-- within: 1500 ms
return function(msg)
  return assert(replyd.json.decode(('['):rep(1000000)))
end
