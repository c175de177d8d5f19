/*
 * arbiter_hold.h - one hold of an entry's lock: what arbiter.c, arbiter_run.c
 * and arbiter_done.c share. Nobody else includes this.
 *
 * A hold finds the entry, lets the event change it, and unlocks; verdicts that
 * the event decided are delivered after the unlock, never inside.
 */
#ifndef RD_GATEWAY_ARBITER_HOLD_H
#define RD_GATEWAY_ARBITER_HOLD_H

#include "gateway/arbiter.h"
#include "gateway/claims.h"
#include "gateway/config.h"
#include "gateway/gateway.h"

struct arbiter_hold {
    struct rd_gateway *g;
    uint64_t hash;
    struct rd_claim *claim;               /* NULL: gone */
    /* moved out of the entry, delivered by rd_hold_release */
    struct rd_waiter *waiters, few[RD_CLAIM_INLINE];
    unsigned n_waiters;
    struct rd_verdict verdict;            /* holds a reference */
    /* to the script thread: cancel this run; 0: none */
    uint64_t cancel_run;
    uint8_t cancel_shard;
};

/* Takes the lock; h->claim is NULL when the entry is gone. */
void rd_hold_take(struct arbiter_hold *h, struct rd_gateway *g, struct rd_claim_ref ref);
/* Unlocks, then delivers what was decided. */
void rd_hold_release(struct arbiter_hold *h);

const struct rd_config *rd_hold_config(const struct rd_claim *c);

/* Nothing if frozen already. Takes the reference of answer. */
void rd_hold_freeze(struct rd_claim *c, struct rd_answer *answer, enum rd_outcome outcome);
/* All waiting requests get the frozen answer. */
void rd_hold_settle(struct arbiter_hold *h);
/* All waiting requests get this status; the entry is forgotten, nothing is recorded. */
void rd_hold_forget(struct arbiter_hold *h, int status, enum rd_outcome outcome);
/* A settled entry that nothing refers to any more may be forgotten. */
void rd_hold_rest(struct arbiter_hold *h);

/* Posts to the store; the entry counts it until its completion. */
void rd_hold_post(struct arbiter_hold *h, struct rd_store_request *r);
/* A request of this entry with the frozen answer. */
struct rd_store_request *rd_hold_request(struct rd_claim *c, enum rd_store_op op);
/* EARLY with the whole request; the result's replies and effects are taken, it may be NULL. */
void rd_hold_post_early(struct arbiter_hold *h, struct rd_run_result *result, uint64_t epoch);
/* ANSWERED, or DONE when something was frozen before. */
void rd_hold_post_final(struct arbiter_hold *h, enum rd_row_state to, struct rd_run_result *result,
                        uint64_t epoch);
/* The message goes to its script thread, a status event to the store first. */
void rd_hold_begin(struct arbiter_hold *h);
/* Gives the message to its shard's thread with a new serial; 0, or RD_E_BUSY / RD_E_CLOSED. */
int rd_hold_dispatch(struct arbiter_hold *h);
/* The soft deadline of an entry that has nothing frozen. */
void rd_hold_soften(struct arbiter_hold *h, enum rd_why why);

/* completed() of every request that arbiter posts. In arbiter_done.c. */
void rd_hold_on_completion(struct rd_mail *mail, void *owner);

#endif
