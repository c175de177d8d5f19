-- hello.lua: the bot that `make run` starts. Copy it, change it, send it another message.
-- A script is a file that returns its handlers; what a handler returns is the answer.
return {
  -- the first words of a text that have an answer of their own
  keywords = {
    hours = "We are here Mon-Fri, 9 to 17.",
    echo = function(msg)
      return msg.args
    end,
  },

  -- every other message
  message = function(msg)
    return 'Hello! You wrote: "' .. msg.text .. '". Try HOURS, or ECHO and some words.'
  end,
}
