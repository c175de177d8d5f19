-- outcome: error
-- within: 1500 ms
return function(msg)
  local all = msg.params.all
  for i = 1, 100 do select('#', table.unpack({ i, i, i, i, i, i, i })) end
  return #all({}, 'Body')
end
