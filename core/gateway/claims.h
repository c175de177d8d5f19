/*
 * claims.h - who is being answered: the table behind "a message is answered once".
 *
 * 64 mutexes, each held only for a few lines. An entry is found by its key, or
 * by {hash, id} from mail; nobody keeps a pointer to one outside the hold. What
 * happens to an entry is arbiter's business; this file keeps them.
 */
#ifndef RD_GATEWAY_CLAIMS_H
#define RD_GATEWAY_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/answer.h"
#include "base/message.h"
#include "base/outcome.h"
#include "base/why.h"
#include "script/script.h"
#include "store/store.h"

#define RD_CLAIM_MAGIC RD_MAGIC('c', 'l', 'a', 'm')
#define RD_CLAIM_INLINE 2    /* waiters kept in the entry: the request and one retry */

enum rd_claim_phase {
    RD_CLAIM_LOOKUP,     /* the store was asked for the row; nothing may be frozen yet */
    RD_CLAIM_RUNNING,    /* waits for its answer */
    RD_CLAIM_SETTLED,    /* all have the answer; who asks again gets it too */
};

/* A request that waits for the answer. */
struct rd_waiter {
    uint64_t ticket;
    bool is_fallback;    /* Twilio calls us as the fallback URL: never 500 */
};

struct rd_claim {
    uint32_t magic;
    enum rd_claim_phase phase;
    struct rd_claim *next;             /* in its bucket */
    struct rd_claim *next_idle;        /* in the list of those that may be forgotten */
    uint64_t hash, id;                 /* id: unique in the process */
    uint64_t run;                      /* serial of the current run; 0: none */
    struct rd_message *message;        /* while a run may still need it */
    struct rd_generation *generation;  /* the same */
    unsigned script;
    uint8_t shard;
    enum rd_outcome if_cut : 8;        /* at the deadline: cancelled, or how the handler failed */
    enum rd_why why : 8;               /* cancelled or dropped */
    enum rd_why soft_due : 8;          /* the soft deadline came during LOOKUP */
    bool begun;                        /* the current run has had its turn */
    bool silent;                       /* no handler: an empty answer */
    bool owed;                         /* acknowledged; its handler is still to be dispatched */
    bool may_forget;                   /* row known to be final, no mail under way, no run */
    bool given_up;                     /* the row could not be written until late_limit */
    enum rd_outcome outcome;
    uint64_t soft_ns;                  /* monotonic: the first request's soft deadline */
    struct rd_answer *answer;          /* frozen; settled bytes are these, always */
    struct rd_answer *if_late;         /* what a deadline would send; NULL: the configuration's */
    unsigned mails;                    /* store requests under way */
    enum rd_row_state row;             /* as the last completion said */
    uint64_t retry_until_ms;           /* failed writes are repeated until then; 0: not yet set */
    struct rd_waiter *waiters, first_waiters[RD_CLAIM_INLINE];
    unsigned n_waiters, cap_waiters;
    size_t key_n;
    char key[];
};

struct rd_claims;

struct rd_claims *rd_claims_new(void);
void rd_claims_free(struct rd_claims *c);

/* Takes the lock of that hash; every other function here needs it held. */
void rd_claims_lock(struct rd_claims *c, uint64_t hash);
void rd_claims_unlock(struct rd_claims *c, uint64_t hash);

struct rd_claim *rd_claims_find(struct rd_claims *c, uint64_t hash, struct rd_slice key);
/* The entry that mail speaks of; NULL when it was forgotten. */
struct rd_claim *rd_claims_by_id(struct rd_claims *c, uint64_t hash, uint64_t id);
/* A new entry, phase LOOKUP. */
struct rd_claim *rd_claims_add(struct rd_claims *c, uint64_t hash, struct rd_slice key);
/* Removes and frees it at once; its waiters must have been moved out. */
void rd_claims_remove(struct rd_claims *c, struct rd_claim *claim);
/* Settled for good: kept a while for quick replays, then forgotten (the store remembers). */
void rd_claims_idle(struct rd_claims *c, struct rd_claim *claim);

void rd_claim_add_waiter(struct rd_claim *claim, uint64_t ticket, bool is_fallback);
/* Gives message and generation back: no run needs them any more. */
void rd_claim_release(struct rd_claim *claim);

/*
 * Filter of keys that the store may know. False: never seen, no look-up needed.
 * Until rd_claims_filter_ready everything may be known. Any thread, no lock.
 */
bool rd_claims_may_know(const struct rd_claims *c, uint64_t hash);
void rd_claims_filter_add(struct rd_claims *c, uint64_t hash);
void rd_claims_filter_ready(struct rd_claims *c);

#endif
