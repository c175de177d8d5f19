-- outcome: error
-- within: 500 ms
return function(msg)
  local t = {}
  t.t = t
  return assert(replyd.json.encode(t))
end
