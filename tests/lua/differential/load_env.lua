local env = { tostring = tostring }
local f = load('a = 1 b = a + 1 return tostring(b), _ENV', 'n', 't', env)
local s, e = f()
return { s, e == env, env.a, env.b }
