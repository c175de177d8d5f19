-- outcome: cpu or memory or error
-- within: 1500 ms
-- reply: *
-- each becomes six bytes
return function(msg)
  local s = ('\1'):rep(5000000)
  return error(#replyd.json.encode({ s }) > 0 and 'encoded')
end
