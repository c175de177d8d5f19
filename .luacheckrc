-- luacheck: scripts/ and the Lua under tests/
std = "lua54"
max_line_length = 100
read_globals = { "replyd" }
exclude_files = { "build/", "tests/model/", "tests/lua/" }
