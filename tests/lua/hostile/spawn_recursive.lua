-- outcome: memory or cpu or error
-- within: 9000 ms
-- each starts two more; the handler waits for them
return function(msg)
  local function f() replyd.all({ f, f }) end
  f()
end
