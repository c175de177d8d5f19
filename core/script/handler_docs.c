/* handler_docs.c - what a script's table of handlers may say, for `replyd help lua`. */
#include "script/docs.h"

const struct rd_lua_fn rd_lua_handler_rows[] = {
    { "message", NULL, "message = function(msg) ... end",
      "Every inbound message that no keyword matches; what it returns is the answer." },
    { "keywords", NULL, "keywords = { hours = \"9-17\", [\"sign up\"] = function(msg) ... end }",
      "Before message: the longest key at the start of the text; a reply value or a function." },
    { "status", NULL, "status = function(ev) ... end",
      "Delivery status of something that we sent; what it returns is ignored." },
    { "error", NULL, "error = function(err, msg) ... end",
      "An uncaught error in a handler; may return the reply. Has 100 ms of CPU time." },
    { "opt_out", NULL, "opt_out = function(ev) ... end",
      "STOP, START or HELP: ev is all of msg, with kind and by. Twilio has answered where it sends "
      "OptOutType, and a body of opt_out_words that means STOP or START is never answered: what "
      "the handler returns is ignored. HELP by a word goes to a keyword of that name first, then "
      "here, where what is returned is the answer, else to message." },
    { "schedule", NULL, "schedule = { [\"0 9 * * mon-fri\"] = function() ... end }",
      "Cron lines (minute hour day month weekday; @hourly to @yearly) in the configuration's "
      "timezone. Runs on one script thread, once for each time, one at a time for each line, up to "
      "late_limit. When clocks go forward a time that is left out runs at once, when they go back "
      "one that comes twice runs once; lines with a star for minute or hour follow the minutes "
      "that pass." },
    { "concurrency", NULL, "concurrency = \"queue\" | \"latest\" | \"drop\"",
      "What a sender's message does while the one before it is handled: waits for its turn (at "
      "most max_sender_queue wait, further ones are dropped), ends the running handler (whose "
      "request is answered <Response/>, its replies and effects void), or is answered <Response/> "
      "at once. After msg:finish() the next one may begin." },
    { "debounce", NULL, "debounce = \"1s\"",
      "Joins a burst of one sender's texts into one message: each part starts the time anew and "
      "answers the one before it with <Response/>; the last part's request carries the answer. "
      "body is the bodies joined by newlines, media all of them, msg.parts the messages, all else "
      "the last part's. A keyword or an opt-out ends the burst and comes after it, whatever "
      "concurrency says; so do 20 parts and a deadline that is near. Both then share one fate: "
      "with \"drop\", while a handler runs, both are dropped. At most 13s; off by default." },
    { NULL, NULL, NULL, NULL },
};
