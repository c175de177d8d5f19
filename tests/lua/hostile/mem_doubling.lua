-- outcome: memory or cpu
-- within: 1500 ms
return function(msg)
  local s = 'x'
  while true do s = s .. s end
end
