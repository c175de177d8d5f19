local t = { 1, 2, 3 }
t[#t + 1] = 4
t[#t] = nil
return { #t, #'abc', #{ n = 1 }, #{ 1, 2, nil }, rawlen({ 1 }), rawlen('ab'), { pcall(rawlen, 1) }
  }
