return { ('x'):rep(3), ('%d'):format(7), ('abc').len, #'abc', pcall(function() return ('x').y.z
  end) } ~= nil and ('abc'):sub(2)
