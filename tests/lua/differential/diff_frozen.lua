return { (pcall(function() string.mine = nil end)) }
