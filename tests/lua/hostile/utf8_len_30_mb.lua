-- outcome: error or cpu or memory
-- within: 1500 ms
-- reply: *
-- 0.1 s a call: it ends by itself or at the bound for what cannot make way
return function(msg)
  local s = ('a'):rep(30000000)
  return error(utf8.len(s) > 0 and 'counted')
end
