-- outcome: empty
-- within: 500 ms
-- reply: *
-- only raw values count: an empty table
return function(msg)
  local function spin() while true do end end
  return setmetatable({}, { __index = spin, __len = spin, __pairs = spin })
end
