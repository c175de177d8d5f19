-- outcome: cpu
-- within: 5000 ms
-- a yielding hook that yields to the script's own resumer is swallowed
return function(msg)
  while true do coroutine.resume(coroutine.create(function() while true do end end)) end
end
