-- outcome: ok
-- within: 500 ms
-- reply: mine
local kept
return function(msg)
  if kept then pcall(kept.reply, kept, 'to the wrong one') pcall(kept.finish, kept) end
  kept = msg
  replyd.sleep(0.05)
  return 'mine'
end
