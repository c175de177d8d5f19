-- outcome: error or cpu
-- within: 1500 ms
return function(msg)
  for _ in ((' '):rep(1600)):gmatch('(.-)(.-)(.-)!') do end
  error('no')
end
