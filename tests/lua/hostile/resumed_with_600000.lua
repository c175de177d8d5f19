-- outcome: cpu or memory
-- within: 1500 ms
-- reply: *
-- a stack that looks too large for its 33,000 protected calls, each of which wants to shrink it
return function(msg)
  local n = 0
  local function f()
    n = n + 1
    coroutine.yield()
    if n >= 33000 then while true do end end
    return pcall(f)
  end
  local co = coroutine.create(function() return pcall(f) end)
  coroutine.resume(co, table.unpack({}, 1, 600000))
  while true do coroutine.resume(co) end
end
