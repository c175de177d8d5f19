-- outcome: ok or error or cpu or memory
-- within: 1500 ms
-- reply: *
-- each call begins with steps of its own
return function(msg)
  local it = ('a'):rep(9900):gmatch('[' .. ('b'):rep(150) .. ']')
  return (('x'):rep(20000):gsub('()', it))
end
