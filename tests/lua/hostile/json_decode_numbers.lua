-- outcome: cpu or memory
-- within: 1500 ms
return function(msg)
  local s = '[' .. ('1,'):rep(8000000) .. '1]'
  while true do replyd.json.decode(s) end
end
