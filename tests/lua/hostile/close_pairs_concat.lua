-- outcome: cpu
-- within: 1500 ms
-- reply: *
-- what ends one closer in C must end them all
return function(msg)
  local T = {}
  for i = 1, 9000 do T[i] = 'a' end
  setmetatable(T, { __close = pairs, __pairs = table.concat })
  local co = coroutine.create(function()
    local function f(n)
      local a <close> = T
      local b <close> = T
      if n > 0 then f(n - 1) else coroutine.yield() end
      return 1
    end
    f(60000)
  end)
  coroutine.resume(co)
  coroutine.close(co)
end
