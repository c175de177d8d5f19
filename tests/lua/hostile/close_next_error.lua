-- outcome: ok or error or cpu or memory
-- within: 1500 ms
-- reply: *
-- as close_next, behind an error
return function(msg)
  local T = {}
  for i = 1, 2^17 do T[i * 1.5] = true end
  for k in pairs(T) do T[k] = nil end
  setmetatable(T, { __close = next })
  local function f(n)
    local a <close> = T
    local b <close> = T
    if n > 0 then f(n - 1) else error() end
    return 1
  end
  pcall(f, 6000)
end
