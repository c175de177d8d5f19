local s = '0x' .. ('1'):rep(70000)
return math.type(tonumber(s)), math.type(tonumber(s .. '.8')), math.type(tonumber(s:sub(1, 60000) .. '.8'))
