-- outcome: error or cpu or memory
-- within: 1500 ms
return function(msg)
  return select('#', table.unpack({}, 1, 999990)) > 0 and error('fits, and is no reply')
end
