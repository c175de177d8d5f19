-- outcome: error or cpu or memory
-- within: 1500 ms
return function(msg)
  local s = ('a'):rep(15000000)
  error(#s:upper():lower():reverse() > 0 and 'done')
end
