-- outcome: error or cpu
-- within: 1500 ms
-- reply: *
return function(msg)
  return ('x'):rep(2 * 1024 * 1024)
end
