-- outcome: ok or error or cpu or memory
-- within: 1500 ms
-- reply: *
-- the end of the set is looked for at each try
return function(msg)
  local p = "a-[" .. ("b"):rep(4000000) .. "]"
  ; ("c"):rep(9000):find(p)
  return "done"
end
