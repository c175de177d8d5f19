-- outcome: error
-- within: 500 ms
return function(msg)
  replyd.sleep(0 / 0)
end
