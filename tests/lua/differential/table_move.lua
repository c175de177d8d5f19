return { table.move({ 1, 2, 3 }, 1, 3, 2), table.move({ 1, 2, 3 }, 2, 3, 1), table.move({ 1, 2 },
  1, 2, 3, { 9, 9 }), table.move({ 1 }, 1, 0, 5), { pcall(table.move, {}, 1, math.maxinteger, 2) }
  }
