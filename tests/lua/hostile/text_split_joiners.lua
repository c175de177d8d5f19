-- outcome: cpu
-- within: 1500 ms
return function(msg)
  while true do replyd.text.split('a' .. ('\u{200d}'):rep(87000), 1) end
end
