return { pcall(collectgarbage, 'step') }
