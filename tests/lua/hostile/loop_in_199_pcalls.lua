-- outcome: cpu
-- within: 5000 ms
return function(msg)
  local function p(n) if n == 0 then while true do end end
    pcall(p, n - 1) while true do end end
  p(190)
end
