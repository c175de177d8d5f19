return { table.concat({ 1, 2, 3 }), table.concat({ 1, 2, 3 }, ', '), table.concat({ 1, 2, 3 },
  '-', 2), table.concat({ 1, 2, 3 }, '-', 2, 3), table.concat({}, 'x'), table.concat({ 1.5, 'a'
  }), { pcall(table.concat, { 1, {} }) }, { pcall(table.concat, { 1, 2 }, ',', 1, 3) },
  table.concat({ 1, 2 }, ',', 3) }
