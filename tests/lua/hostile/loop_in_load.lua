-- outcome: cpu
-- within: 5000 ms
return function(msg)
  load('while true do end')()
end
