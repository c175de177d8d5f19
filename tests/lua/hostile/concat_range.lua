-- outcome: error
-- within: 500 ms
return function(msg)
  return table.concat({}, '', 1, 1 << 53)
end
