-- outcome: cpu
-- within: 1500 ms
-- the error of a wrapped coroutine closes it
return function(msg)
  coroutine.wrap(function()
    local x <close> = setmetatable({}, { __close = function() while true do end end })
    error('x')
  end)()
end
