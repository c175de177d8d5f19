-- The signed echo in replyd: verification and TwiML are its own business.
return function(msg)
  return "Got your message: " .. msg.body
end
