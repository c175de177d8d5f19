-- outcome: ok
-- within: 1500 ms
-- reply: nothing was sent
return function(msg)
  local refused
  table.sort({ 1, 2, 3 }, function(a, b)
    local ok, err = pcall(msg.finish, msg)
    refused = not ok and err:match("^msg:finish cannot wait here: not inside a callback of ")
    return a < b
  end)
  replyd.sleep(0.2)
  return refused and "nothing was sent"
end
