return { pcall(function() local x <close> = {} end), pcall(function() local x <close> = 1 end) }
