-- outcome: ok or error or cpu or memory
-- within: 1500 ms
-- reply: *
-- a set of 2 MB is looked through for each character
return function(msg)
  local p = "[" .. ("b"):rep(2000000) .. "]"
  local s = ("a"):rep(9000)
  s:gsub(p, "")
  return "done"
end
