local t = { 5, 2, 8, 1, 9, 3 }
table.sort(t)
local u = { 5, 2, 8, 1, 9, 3 }
table.sort(u, function(a, b) return a > b end)
local w = { 'b', 'A', 'c', 'a' }
table.sort(w, function(a, b) return a:lower() < b:lower() or a:lower() == b:lower() and a < b end)
return { t, u, w, { pcall(table.sort, { 1, 'x' }) }, { pcall(table.sort, { 3, 1, 2, 5, 4 },
  function() return true end) } }
