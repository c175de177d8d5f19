-- outcome: cpu
-- within: 1500 ms
-- the compiler walks its jump list from the start each time
return function(msg)
  load('if a then' .. (' elseif a then'):rep(100000) .. ' end')
end
