-- outcome: ok
-- within: 500 ms
-- reply: *
return function(msg)
  return 0 / 0
end
