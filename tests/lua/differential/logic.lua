local function t() return true end
return { nil and 1, false or 'x', 0 and 'zero', '' and 'empty', not nil, not 0, nil == false, 1
  and nil, (t() or error('never')), false ~= nil }
