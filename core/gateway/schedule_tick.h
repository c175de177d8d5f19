/*
 * schedule_tick.h - a tick of a schedule as what claims know: a key, a message, an
 * effect. Called by schedule.c and, when the tick is recorded, by the arbiter.
 */
#ifndef RD_GATEWAY_SCHEDULE_TICK_H
#define RD_GATEWAY_SCHEDULE_TICK_H

#include "base/buf.h"
#include "base/message.h"
#include "store/store.h"

#define RD_SCHEDULE_KEY 2048    /* bytes of a path, a cron line and a tick */

/* Where the last ticks are kept: a space that no script can name. */
#define RD_SCHEDULE_SPACE RD_LIT("\001schedule")

/*
 * The key of a tick (seconds since 1970, as text), or with NULL that of the entry's last tick. 0 or
 * RD_E_TOO_BIG.
 */
int rd_schedule_key(struct rd_slice path, struct rd_slice line, const char *tick,
                    struct rd_buf *key);
/* `to` is the script, `from` the entry, `body` the tick; so an entry is a conversation. */
struct rd_message *rd_schedule_message(struct rd_slice path, struct rd_slice line,
                                       const char *tick);
/* What a claimed tick leaves behind: the last tick of its entry. NULL when it is too long. */
struct rd_store_effect *rd_schedule_effect(const struct rd_message *m);

#endif
