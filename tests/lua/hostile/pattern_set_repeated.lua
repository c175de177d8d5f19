-- outcome: ok or error or cpu or memory
-- within: 1500 ms
-- reply: *
-- as pattern_set_long, in one repetition
return function(msg)
  local p = "[" .. ("b"):rep(500000) .. "a]*"
  return tostring(#("a"):rep(30000):match(p))
end
