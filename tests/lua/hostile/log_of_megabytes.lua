-- outcome: ok or error or cpu
-- within: 1500 ms
-- reply: *
return function(msg)
  for _ = 1, 5 do replyd.log.info(('x'):rep(5000000), { field = ('y'):rep(5000000) }) end
  return 'logged'
end
