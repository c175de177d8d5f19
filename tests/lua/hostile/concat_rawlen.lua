-- outcome: cpu
-- within: 500 ms
-- one byte for each of 2^53 elements, all of it in C
return function(msg)
  return table.concat(setmetatable({}, { __index = rawlen }), '', 1, 1 << 53)
end
