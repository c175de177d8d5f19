-- outcome: ok
-- within: 500 ms
-- reply: changed 0
return function(msg)
  local n = 0
  local all = { string, table, math, utf8, coroutine, os, debug, replyd, replyd.json, _G }
  for _, t in ipairs(all) do
    for k in pairs(t) do
      if pcall(function() t[k] = nil end) then n = n + 1 end
    end
  end
  return 'changed ' .. n
end
