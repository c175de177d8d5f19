-- outcome: error
-- within: 500 ms
return function(msg)
  function helper() end
end
