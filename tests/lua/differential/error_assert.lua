return { { pcall(assert, false) }, { pcall(assert, nil, 'msg') }, { pcall(assert, false, { 1 }) },
  { assert(1, 2, 3) }, { pcall(assert) } }
