-- outcome: ok
-- within: 500 ms
-- reply: mine
-- one handler resumes the coroutine of another that waits
local kept
return function(msg)
  local old = kept
  kept = coroutine.running()
  if old then pcall(coroutine.close, old) pcall(coroutine.resume, old) end
  replyd.sleep(0.05)
  return 'mine'
end
