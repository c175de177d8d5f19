-- outcome: memory or cpu
-- within: 5000 ms
-- the compiler asks its reader for ever; memory or CPU time ends it
return function(msg)
  load(function() return ' a=1 ' end)
end
