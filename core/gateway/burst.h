/*
 * burst.h - several texts of one sender as one message, for `debounce`.
 *
 * Says what the joined message looks like; who waits for whom is
 * conversation's and debounce's.
 */
#ifndef RD_GATEWAY_BURST_H
#define RD_GATEWAY_BURST_H

#include "base/message.h"

#define RD_BURST_PARTS 20    /* most messages that are joined (design section 5) */

/*
 * The message `last` with what `before` said in front of it: body is the bodies that are not
 * empty, joined by newlines, media all of them, parts the messages; all else is last's. `before`
 * may be joined itself. A new reference; NULL: it has RD_BURST_PARTS already. Takes no reference
 * of the caller's.
 */
struct rd_message *rd_burst_join(struct rd_message *before, struct rd_message *last);

#endif
