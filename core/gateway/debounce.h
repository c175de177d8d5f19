/*
 * debounce.h - the windows in which a message waits for more of its burst.
 *
 * Which messages wait, and until when. What a burst becomes is burst's, whose
 * turn it then is conversation's. On the script thread that owns the inbox;
 * called by conversation.c only.
 */
#ifndef RD_GATEWAY_DEBOUNCE_H
#define RD_GATEWAY_DEBOUNCE_H

#include "gateway/inbox_table.h"

/* Its script has `debounce`, and it is an ordinary text: neither a keyword nor an opt-out. */
bool rd_debounce_wants(struct rd_task *t);
/*
 * Its window is open until `debounce` is over, or its deadline is near: then
 * rd_conversation_release(t), from the loop.
 */
void rd_debounce_open(struct rd_task *t);
void rd_debounce_close(struct rd_task *t);
/* Milliseconds that a message may wait when its deadline comes in left_ms; for `check`, too. */
uint64_t rd_debounce_most(uint64_t left_ms);

#endif
