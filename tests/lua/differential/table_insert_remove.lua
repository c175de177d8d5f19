local t = { 1, 2, 3 }
table.insert(t, 4) table.insert(t, 1, 0) table.insert(t, 6, 9)
local a, b, c = table.remove(t), table.remove(t, 1), table.remove({})
return { t, a, b, c, { pcall(table.insert, t, 10, 1) }, { pcall(table.insert, t) }, {
  pcall(table.insert, t, 1, 2, 3) }, { pcall(table.remove, t, 10) }, table.remove(t, #t + 1), {
  pcall(table.insert, 1, 2) } }
