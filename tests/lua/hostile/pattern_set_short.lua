-- outcome: ok or error or cpu or memory
-- within: 1500 ms
-- reply: *
-- a set of 4 kB is looked through a million times
return function(msg)
  local p = "[" .. ("b"):rep(4000) .. "]"
  ; ("a"):rep(1000000):gsub(p, "")
  return "done"
end
