/*
 * marks.h - what a route's configuration makes of a message: opt-out words, and
 * where the delivery status of its replies is reported.
 *
 * An automatic status_callback is the URL that Twilio called, so it comes back by
 * the same route; the tag of a reply travels in its query and returns with it.
 */
#ifndef RD_GATEWAY_MARKS_H
#define RD_GATEWAY_MARKS_H

#include "base/reply.h"
#include "gateway/exchange.h"

#define RD_MARKS_CALLBACK 4000    /* longest StatusCallback URL that Twilio takes */

/* Fills opt_out, callback and tag of x->message by x->route. 0 or RD_E_NOMEM (its arena's cap). */
int rd_marks_read(struct rd_exchange *x);

/* Adds the callback to the messages of r that have none. 0 or RD_E_TOO_BIG over r's cap. */
int rd_marks_apply(const struct rd_message *m, struct rd_reply *r);

#endif
