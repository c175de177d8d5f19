-- outcome: ok or error or cpu or memory
-- within: 1500 ms
-- reply: *
-- each variable to be closed costs a look through 130,000 empty places
return function(msg)
  local T = {}
  for i = 1, 2^17 do T[i * 1.5] = true end
  for k in pairs(T) do T[k] = nil end
  setmetatable(T, { __close = next })
  local co = coroutine.create(function()
    local function f(n)
      local a <close> = T
      local b <close> = T
      local c <close> = T
      if n > 0 then f(n - 1) else coroutine.yield() end
      return 1
    end
    f(5000)
  end)
  coroutine.resume(co)
  coroutine.close(co)
end
