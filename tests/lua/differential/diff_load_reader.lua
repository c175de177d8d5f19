return { load(function() return {} end) }
