-- outcome: cpu
-- within: 1500 ms
-- the remainder of each by 65535 is 0
return function(msg)
  while true do
    local t = {}
    for i = 1, 33000 do t[i * 65535] = true end
  end
end
