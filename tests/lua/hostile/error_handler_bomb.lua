-- outcome: error
-- within: 3000 ms
return {
  message = function(msg) error('first') end,
  error = function(err) return ('x'):rep(1000000000) end,
}
