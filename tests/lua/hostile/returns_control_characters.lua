-- outcome: ok
-- within: 500 ms
-- reply: *
return function(msg)
  return 'a\0\1\27b'
end
