-- outcome: cpu
-- within: 1500 ms
-- one character of 131,072 marks
return function(msg)
  while true do replyd.text.split(('\u{300}'):rep(131072), 1) end
end
