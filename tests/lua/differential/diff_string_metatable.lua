return type(getmetatable(''))
