local function ser(v) if type(v) == 'table' then local k, o = {}, {} for x in pairs(v) do k[#k +
  1] = tostring(x) end table.sort(k) for _, x in ipairs(k) do o[#o + 1] = x .. ':' .. ser(v[x] ==
  nil and v[tonumber(x)] or v[x]) end return '{' .. table.concat(o, ',') .. '}' end return
  tostring(v) end
return ser { a = 1, b = { 2, 3, { c = 'd' } }, [1] = true }
