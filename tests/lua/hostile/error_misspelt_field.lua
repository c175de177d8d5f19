-- outcome: error
-- within: 500 ms
return function(msg)
  return msg.boddy
end
