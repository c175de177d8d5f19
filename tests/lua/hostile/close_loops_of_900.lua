-- outcome: error
-- within: 1500 ms
-- each of 900 coroutines would have a time of its own to close
return function(msg)
  for i = 1, 900 do
    replyd.spawn(function()
      local x <close> = setmetatable({}, { __close = function() while true do end end })
      replyd.sleep(9)
    end)
  end
  replyd.sleep(0.1)
  error("x")
end
