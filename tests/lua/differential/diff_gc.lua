return { pcall(setmetatable, {}, { __gc = function() end }) }
