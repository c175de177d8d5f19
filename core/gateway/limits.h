/*
 * limits.h - what Twilio takes, applied to a reply before it is written.
 *
 * A long body is split at a word, and cut with an ellipsis where the split would
 * pass Twilio's number of messages. What the author listed himself is never cut:
 * too much of it is an error. Pure; below it lies the total writer (twilio/twiml).
 */
#ifndef RD_GATEWAY_LIMITS_H
#define RD_GATEWAY_LIMITS_H

#include "base/reply.h"

#define RD_LIMITS_UNITS 1600     /* UTF-16 units in one body: errors 14103, 21617 */
#define RD_LIMITS_TWIML 65536    /* bytes of TwiML: error 11750 */

/* What was done, for the log; or why it cannot be done, for the author. */
struct rd_limits_note {
    unsigned split;     /* bodies that became several messages */
    unsigned cut;       /* of these, bodies whose end was left off */
    char error[160];    /* when the result is an error: one sentence without the line */
};

/*
 * Changes r in place. The pieces of a body follow each other and give the body again when joined
 * (blanks at its end may be missing); the first has the media, the last the action, all have the
 * rest. 0, or RD_E_INVALID when r is beyond Twilio's limits (note->error says how), RD_E_TOO_BIG
 * over the cap of r's arena.
 */
int rd_limits_apply(struct rd_reply *r, struct rd_limits_note *note);

#endif
