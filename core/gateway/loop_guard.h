/*
 * loop_guard.h - two bots that answer each other for ever are not kept company.
 *
 * An exchange is a message and its answer; two are near-identical when both parts
 * have the same letters (digits, case, blanks and punctuation do not count: bots
 * number their messages). The store counts them for each conversation; the count comes back
 * with the commit, before Twilio has the answer. At loop_guard.count in
 * loop_guard.window the conversation is marked here: further such messages get an
 * empty answer, without a handler, until none has come for a whole window.
 */
#ifndef RD_GATEWAY_LOOP_GUARD_H
#define RD_GATEWAY_LOOP_GUARD_H

#include "gateway/arbiter.h"
#include "gateway/config.h"

struct rd_loop_guard;

struct rd_loop_guard *rd_loop_guard_new(void);
/* NULL is ignored. */
void rd_loop_guard_free(struct rd_loop_guard *g);

/* (script thread) The exchange that a run has made: an effect of its result that counts it. */
void rd_loop_guard_count(const struct rd_config *c, const struct rd_message *m,
                         struct rd_run_result *result);

/* (any thread) The store has counted so many: marks the conversation, with one warning. */
void rd_loop_guard_note(struct rd_loop_guard *g, const struct rd_config *c,
                        const struct rd_message *m, int64_t count);

/* (any thread) This message gets no answer. Never one of an opt-out, nor a picture alone. */
bool rd_loop_guard_silences(struct rd_loop_guard *g, const struct rd_config *c,
                            const struct rd_message *m);

#endif
