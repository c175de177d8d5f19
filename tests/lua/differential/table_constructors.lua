local function f() return 1, 2 end
return { { 1, 2; 3, n = 'x', [10] = 'ten', ['key word'] = true, f() }, { f(), f() }, { (f()) }, {
  [f()] = 'k' }, {} }
