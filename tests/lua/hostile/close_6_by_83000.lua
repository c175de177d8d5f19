-- outcome: cpu
-- within: 1500 ms
-- reply: *
-- half a million variables wait to be closed at its end: none may leave its error on the stack
return function(msg)
  local v = setmetatable({}, { __close = function() end })
  local function f(n)
    local a <close> = v
    local b <close> = v
    local c <close> = v
    local d <close> = v
    local e <close> = v
    local g <close> = v
    if n == 0 then while true do end end
    f(n - 1)
  end
  f(83000)
end
