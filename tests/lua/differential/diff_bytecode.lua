return { string.dump ~= nil, (pcall(load, 'return 1', 'x', 'b')) }
