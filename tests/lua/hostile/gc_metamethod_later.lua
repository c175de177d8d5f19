-- outcome: ok
-- within: 1500 ms
-- reply: never called
-- a finalizer set afterwards is none
return function(msg)
  local mt = {}
  setmetatable({}, mt)
  mt.__gc = function() while true do end end
  local s
  for i = 1, 2000 do s = ('x'):rep(10000) .. i end
  return s and 'never called'
end
