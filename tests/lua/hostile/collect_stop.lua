-- outcome: error
-- within: 500 ms
return function(msg)
  collectgarbage('stop')
end
