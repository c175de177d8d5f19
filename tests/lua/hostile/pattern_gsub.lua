-- outcome: error or cpu
-- within: 1500 ms
return function(msg)
  return (('a'):rep(1280)):gsub('.-.-.-b', '') and error('no')
end
