-- outcome: error
-- within: 1500 ms
-- the error handler has a budget of its own
return {
  message = function(msg) error('first') end,
  error = function() while true do end end,
}
