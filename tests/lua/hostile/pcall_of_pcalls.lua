-- outcome: ok or error or cpu or memory
-- within: 1500 ms
-- reply: *
-- each level moves 400,000 arguments
return function(msg)
  local all = {}
  for i = 1, 180 do all[i] = pcall end
  all[181], all[182] = select, '#'
  for i = 1, 400000 do all[182 + i] = i end
  return tostring(select('#', pcall(table.unpack(all))))
end
