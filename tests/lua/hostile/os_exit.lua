-- outcome: error
-- within: 500 ms
return function(msg)
  os.exit(0)
end
