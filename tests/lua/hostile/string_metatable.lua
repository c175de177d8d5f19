-- outcome: ok
-- within: 500 ms
-- reply: X
-- the metatable of strings belongs to everybody
return function(msg)
  pcall(function() getmetatable('').__index = function() return 'mine' end end)
  pcall(function() getmetatable('').__index.upper = function() return 'mine' end end)
  pcall(rawset, string, 'upper', function() return 'mine' end)
  pcall(setmetatable, '', {})
  return ('x'):upper()
end
