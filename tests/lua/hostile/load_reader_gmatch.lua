-- outcome: cpu or memory
-- within: 1500 ms
-- a reader in C, once for each character of a comment
return function(msg)
  while true do load(('--' .. ('x'):rep(15000000)):gmatch('.')) end
end
