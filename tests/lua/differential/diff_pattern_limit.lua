return { pcall(string.find, ('a'):rep(220), '.-.-.-b') }
