-- outcome: error
-- within: 500 ms
return {
  message = function(msg) error('first') end,
  error = function(err) error(err) end,
}
