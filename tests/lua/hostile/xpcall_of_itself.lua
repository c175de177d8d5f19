-- outcome: cpu or memory
-- within: 1500 ms
-- reply: *
-- its end goes through 100,000 protected calls, each with a handler that begins anew
return function(msg)
  local function f() return xpcall(f, f) end
  f()
end
