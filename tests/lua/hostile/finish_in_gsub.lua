-- outcome: error
-- within: 500 ms
-- msg:finish waits, and no wait is possible there: refused, in words, before anything is sent
return function(msg)
  return (("a b"):gsub("%w", function(c) if c == "b" then msg:finish() end end))
end
