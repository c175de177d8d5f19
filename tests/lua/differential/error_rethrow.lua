local function try(f, handler) local r = table.pack(pcall(f)) if r[1] then return table.unpack(r,
  2, r.n) end return handler(r[2]) end
return { try(function() return 1, 2 end), try(function() error({ kind = 'a' }) end, function(e)
  return e.kind end), pcall(try, function() error('inner', 0) end, function(e) error('outer ' ..
  e, 0) end) }
