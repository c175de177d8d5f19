-- outcome: cpu or memory or error
-- within: 1500 ms
-- one instruction, however long the chain
return function(msg)
  local f = function(...) error(select("#", ...)) end
  for _ = 1, 90000 do f = setmetatable({}, { __call = f }) end
  return f()
end
