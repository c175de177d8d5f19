/*
 * status.h - what a delivery status means: its rank, whether it is final, and
 * what Twilio's error codes say.
 *
 * Callbacks may come late and in any order (twilio-facts section 3): the rank
 * tells which of two states of one message is the later one.
 */
#ifndef RD_TWILIO_STATUS_H
#define RD_TWILIO_STATUS_H

#include <stdbool.h>

#include "base/slice.h"

/*        status          rank  final */
#define RD_STATUSES(X)                \
    X(accepted,       1, false)       \
    X(scheduled,      1, false)       \
    X(queued,         1, false)       \
    X(sending,        2, false)       \
    X(sent,           3, false)       \
    X(delivered,      4, true)        \
    X(undelivered,    4, true)        \
    X(failed,         4, true)        \
    X(canceled,       4, true)        \
    X(read,           5, true)

/* 1 to 5, the later the higher; 0 for a status that is not known. */
int rd_status_rank(struct rd_slice status);

/* Nothing but `read` follows: delivered, undelivered, failed, canceled, read. */
bool rd_status_is_final(struct rd_slice status);

/* One sentence for an error code of Twilio's messaging ("30008"), or NULL when it is not known. */
const char *rd_status_error_text(struct rd_slice code);

#endif
