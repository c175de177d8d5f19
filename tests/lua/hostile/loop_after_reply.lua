-- outcome: cpu
-- within: 5000 ms
return function(msg)
  msg:reply('never sent')
  while true do end
end
