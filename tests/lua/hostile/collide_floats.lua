-- outcome: cpu
-- within: 1500 ms
-- they differ in their last bits only
return function(msg)
  while true do
    local t = {}
    for i = 1, 33000 do t[1 + i * 2.0 ^ -52] = true end
  end
end
