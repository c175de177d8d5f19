-- outcome: error
-- within: 500 ms
return function(msg)
  assert(load('\27Lua'))
end
