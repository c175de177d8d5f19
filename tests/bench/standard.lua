-- What an ordinary handler does: all parameters, one gsub, one match, a format, a table to keep.
local names = {
  "AccountSid", "ApiVersion", "Body", "From", "FromCity", "FromCountry", "FromState", "FromZip",
  "MessageSid", "MessagingServiceSid", "NumMedia", "NumSegments", "SmsMessageSid", "SmsSid",
  "SmsStatus", "To", "ToCity", "ToCountry", "ToState", "ToZip", "ProfileName", "WaId",
}

return function(msg)
  local params, n = msg.params, 0
  for _, name in ipairs(names) do
    local value = params[name]
    if value and #value > 0 then n = n + 1 end
  end
  local text = params.Body:gsub("%s+", " ")
  local order = text:match("order%s+#?(%d+)")
  local entry = {
    from = params.From,
    order = tonumber(order),
    text = text,
    seen = { first = 1, last = n, count = n },
    tags = { "order", params.FromState, params.ToCountry },
  }
  return string.format("Order %d of %s: %d fields, %s", entry.order, entry.from, n, entry.tags[1])
end
