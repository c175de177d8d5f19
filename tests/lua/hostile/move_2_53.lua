-- outcome: cpu
-- within: 500 ms
return function(msg)
  table.move({}, 1, 1 << 53, 2)
end
