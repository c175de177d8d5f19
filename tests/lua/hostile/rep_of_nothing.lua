-- outcome: error
-- within: 500 ms
-- plain Lua copies nothing 2^62 times
return function(msg)
  error(#(''):rep(1 << 62))
end
