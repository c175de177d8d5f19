local co = coroutine.wrap(function(...) return select('#', coroutine.yield(...)) end)
return { select('#', co(table.unpack({}, 1, 200))), co(table.unpack({}, 1, 150)) }
