-- outcome: error or cpu
-- within: 1500 ms
-- 200 characters: slow in stock Lua, and bounded
return function(msg)
  return tostring(msg.body:find('.-.-.-b'))
end
