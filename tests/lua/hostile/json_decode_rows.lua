-- outcome: cpu or memory
-- within: 1500 ms
return function(msg)
  local s = '[' .. ('{"a":[],"b":{}},'):rep(200000) .. '1]'
  local kept = {}
  while true do kept[#kept + 1] = replyd.json.decode(s) end
end
