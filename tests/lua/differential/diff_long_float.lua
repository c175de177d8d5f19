local s = '0x' .. ('1'):rep(70000)
local short = s:sub(1, 60000)
return math.type(tonumber(s)), math.type(tonumber(s .. '.8')), math.type(tonumber(short .. '.8'))
