-- outcome: early
-- within: 1500 ms
-- reply: first
-- each late reply waits for its commit
return function(msg)
  msg:reply("first")
  msg:finish()
  table.sort({ 1, 2, 3 }, function(a, b)
    local ok, err = pcall(msg.reply, msg, "late")
    if ok or not err:match("^msg:reply cannot wait here") then replyd.log.error("published") end
    return a < b
  end)
  replyd.sleep(0.2)
end
