-- outcome: cpu
-- within: 5000 ms
-- each coroutine in a __close would have until the next tick: 5,000 ms
return function(msg)
  local function spin() while true do end end
  local n = 0
  local function deep()
    local x <close> = setmetatable({}, { __close = coroutine.wrap(spin) })
    n = n + 1
    if n < 5000 then deep() end
    spin()
  end
  deep()
end
