-- outcome: ok
-- within: 1500 ms
-- reply: refused
return function(msg)
  local ok
  table.sort({ 2, 1 }, function(a, b)
    ok = coroutine.wrap(function() return pcall(msg.finish, msg) end)()
    return a < b
  end)
  replyd.sleep(0.1)
  return not ok and "refused"
end
