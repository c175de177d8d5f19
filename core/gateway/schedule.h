/*
 * schedule.h - scheduled handlers: when each is due, and that it runs once.
 *
 * One of it in the process, on main's thread; handlers run on shard 0's thread. A tick is claimed
 * as a message is, by (script, entry, tick): the store's row is the claim, so that a restart, or
 * another process on the same store, does not run it again. The last tick of each entry
 * is kept in the store, too, and tells what was missed.
 */
#ifndef RD_GATEWAY_SCHEDULE_H
#define RD_GATEWAY_SCHEDULE_H

#include "gateway/gateway.h"
#include "loop/mailbox.h"
#include "script/script.h"
#include "store/store.h"

struct rd_schedule;

/* Answers of the store come to `mailbox`, on the thread that calls all of these. */
struct rd_schedule *rd_schedule_new(struct rd_gateway *g, struct rd_mailbox *mailbox);
/* After the last answer of the store. NULL is ignored. */
void rd_schedule_free(struct rd_schedule *s);
/*
 * The entries are those of this generation from now on; `now` is the wall clock, seconds since
 * 1970.
 * Entries that stay keep their last tick.
 */
void rd_schedule_install(struct rd_schedule *s, struct rd_generation *generation, double now);
/* Gives the generation back: nothing is due any more. */
void rd_schedule_stop(struct rd_schedule *s);
bool rd_schedule_is_empty(const struct rd_schedule *s);
/* At least once a minute: starts what is due. */
void rd_schedule_tick(struct rd_schedule *s, double now);

#endif
