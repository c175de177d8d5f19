-- outcome: error or cpu
-- within: 5000 ms
return function(msg)
  return assert(replyd.timeout('10ms', function() while true do end end))
end
