-- outcome: cpu
-- within: 500 ms
return function(msg)
  return (('x'):rep(10):gsub('.', function() while true do end end))
end
