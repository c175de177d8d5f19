local t = { 'banana', 'apple', 'Cherry', 'apple2', '', 'b', 'B', '10', '9' }
table.sort(t)
return t
