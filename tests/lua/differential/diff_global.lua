return { pcall(load('counter = 1')) }
