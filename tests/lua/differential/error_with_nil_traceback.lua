local ok, e = xpcall(function() local x = nil; return x.y end, debug.traceback)
return { ok, (e:match('^[^\n]+')) }
