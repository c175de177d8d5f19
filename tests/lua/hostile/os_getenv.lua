-- outcome: error
-- within: 500 ms
return function(msg)
  return os.getenv('TWILIO_AUTH_TOKEN')
end
