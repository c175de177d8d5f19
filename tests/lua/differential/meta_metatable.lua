local t = setmetatable({}, { __metatable = 'locked' })
return { getmetatable(t), select(2, pcall(setmetatable, t, {})) }
