-- outcome: error
-- within: 500 ms
return function(msg)
  os.execute('sleep 100')
end
