-- outcome: cpu
-- within: 1500 ms
-- reply: *
-- the end finds one half made, again and again
return function(msg)
  local list = {}
  for i = 1, 1000 do list[i] = print end
  table.sort({ 3, 2, 1 }, function()
    while true do
      pcall(replyd.all, list)
      pcall(replyd.race, list)
      pcall(replyd.timeout, 1, print)
    end
  end)
end
