-- outcome: early
-- within: 5000 ms
-- reply: first
-- Twilio has its answer, and the handler its budget
return function(msg)
  msg:reply('first')
  msg:finish()
  while true do end
end
