-- outcome: error
-- within: 500 ms
return function(msg)
  debug.sethook()
end
