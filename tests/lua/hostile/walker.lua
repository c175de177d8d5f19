-- outcome: ok
-- within: 1500 ms
-- reply: clean
-- nothing that all handlers share can be written to
return function(msg)
  local seen = {}
  local function walk(t)
    if seen[t] then return end
    seen[t] = true
    for _, v in pairs(t) do if type(v) == 'table' then walk(v) end end
    pcall(rawset, t, 'leak', 'leaked')
    pcall(function() t.leak = 'leaked' end)
    pcall(setmetatable, t, { __index = function() return 'leaked' end })
  end
  walk(_G)
  pcall(function() getmetatable('').__index = {} end)
  return tostring(string.leak or _G.leak or replyd.leak or ('x').leak or math.leak or 'clean')
end
