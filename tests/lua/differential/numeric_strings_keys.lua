local t = {}
t['1'] = 's' t[1] = 'n'
return { t['1'], t[1], #t }
