-- outcome: error or cpu
-- within: 1500 ms
return function(msg)
  return ((' '):rep(1600)):match('^(.*)%s(.*)%s(.*)%s(.*)!$') or error('no')
end
