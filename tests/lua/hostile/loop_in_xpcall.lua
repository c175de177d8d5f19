-- outcome: cpu
-- within: 5000 ms
return function(msg)
  local function spin() while true do end end
  while true do xpcall(spin, spin) end
end
