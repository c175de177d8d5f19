-- outcome: ok
-- within: 500 ms
-- reply: *
-- XML's answer to it is valid
return function(msg)
  return 'a\255\192b'
end
