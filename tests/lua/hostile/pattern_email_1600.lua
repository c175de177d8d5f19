-- outcome: error or cpu
-- within: 1500 ms
-- 8.6 s in stock Lua on one SMS
return function(msg)
  return (('a@'):rep(800)):find('.-@.-%.com') or error('no')
end
