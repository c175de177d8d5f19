-- outcome: cpu
-- within: 1500 ms
-- reply: *
-- each error on its way out could look for the first line of an 8 MB chunk name
return function(msg)
  local t = { 'local x, f, n = ... ' }
  for i = 1, 190 do t[#t + 1] = 'local a' .. i .. ' <close> = x' end
  t[#t + 1] = ' if n == 0 then while true do end end f(x, f, n - 1) return 1'
  local g = load(table.concat(t, ' '))
  local main = load('local g, x = ... pcall(g, x, g, 500) return 1', ('n'):rep(8000000))
  main(g, setmetatable({}, { __close = function() end }))
end
