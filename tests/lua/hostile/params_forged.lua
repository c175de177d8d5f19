-- outcome: error
-- within: 1500 ms
-- what lies behind msg.params is not what it seems
return function(msg)
  for key in next, msg.params do
    if type(key) == 'userdata' then rawset(msg.params, key, 0x4141) end
  end
  for _ in pairs(msg.params) do end
end
