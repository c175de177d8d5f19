-- outcome: error
-- within: 500 ms
-- replies not yet sent are discarded
return function(msg)
  msg:reply('one')
  msg:reply('two')
  error('three')
end
