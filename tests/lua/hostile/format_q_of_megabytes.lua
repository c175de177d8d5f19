-- outcome: cpu or memory
-- within: 1500 ms
-- each becomes two bytes or more, written by sprintf
return function(msg)
  local s = ('\0'):rep(8000000)
  while true do local _ = ('%q'):format(s) end
end
