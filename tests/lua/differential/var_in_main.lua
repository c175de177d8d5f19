local function outer(...) local function inner(...) return select('#', ...) + #{ ... } end return
  inner(...) + inner(0, ...) end
return outer(1, 2, 3)
