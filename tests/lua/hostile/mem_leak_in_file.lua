-- outcome: ok
-- within: 1500 ms
-- reply: kept
-- a file-level table grows: the VM gets a successor
local cache = {}
return function(msg)
  cache[#cache + 1] = ('x'):rep(1000000) .. #cache
  return 'kept'
end
