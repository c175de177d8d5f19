-- outcome: cpu
-- within: 2000 ms
-- reply: *
-- each level would write down the whole stack again
return function(msg)
  local function g(n)
    if n == 0 then table.sort({ 3, 2, 1 }, function() while true do end end) end
    return (xpcall(g, debug.traceback, n - 1))
  end
  local function deep(n) if n > 0 then return 1 + deep(n - 1) end return g(150) end
  pcall(deep, 140000)
end
