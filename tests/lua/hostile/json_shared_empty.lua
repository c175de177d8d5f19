-- outcome: cpu
-- within: 1500 ms
-- as much work, and hardly any text: each of the million tables is empty
return function(msg)
  local e, t = {}, {}
  for i = 1, 100 do t[i] = e end
  for _ = 1, 3 do
    local u = {}
    for i = 1, 100 do u[i] = t end
    t = u
  end
  return replyd.json.encode({ t, function() end })
end
