/*
 * arbiter.h - who decides the answer: design section 5, as checked by tests/model.
 *
 * The entry's lock decides the bytes, the store only records them. Three habits
 * carry the rest: a run's serial is checked, the entry changed and the store's
 * mail posted in ONE hold of the entry's lock; whoever decides an answer
 * freezes it, the handler's end included; replies are a keyed set, not a count.
 */
#ifndef RD_GATEWAY_ARBITER_H
#define RD_GATEWAY_ARBITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/answer.h"
#include "base/message.h"
#include "base/outcome.h"
#include "base/why.h"
#include "script/script.h"
#include "store/store.h"

struct rd_gateway;

/* How to find an entry again; it may be gone. */
struct rd_claim_ref {
    uint64_t hash, id;
};

/* What a waiting request gets. */
struct rd_verdict {
    int status;                  /* HTTP status */
    struct rd_answer *answer;    /* its bytes; NULL: a refusal */
    enum rd_outcome outcome;
    enum rd_why why;             /* it was cancelled or dropped */
};

/* ---- events of the front threads ------------------------------------------ */

enum rd_claimed { RD_CLAIMED_NEW, RD_CLAIMED_WAIT, RD_CLAIMED_REPLAY };

struct rd_claim_order {
    struct rd_slice key;
    uint64_t hash;                       /* rd_hash(key) */
    uint64_t ticket;                     /* 0: nobody waits (a schedule) */
    struct rd_message *message;          /* a reference is taken */
    struct rd_generation *generation;    /* the same */
    unsigned script;
    uint8_t shard;
    uint64_t soft_ns;                    /* monotonic: its soft deadline, for time_left */
    bool silent;                         /* answered with nothing, without a handler (loop_guard) */
};

/*
 * NEW: call rd_arbiter_start. WAIT: a verdict will come. REPLAY: *replay has it, with a reference.
 */
enum rd_claimed rd_arbiter_claim(struct rd_gateway *g, const struct rd_claim_order *order,
                                 struct rd_claim_ref *ref, struct rd_verdict *replay);
/* Hands a NEW message to its script thread, or refuses it (503). */
void rd_arbiter_start(struct rd_gateway *g, struct rd_claim_ref ref);
/* A waiting request reached its soft (or it is as if, while draining) or hard deadline. */
void rd_arbiter_soft(struct rd_gateway *g, struct rd_claim_ref ref, enum rd_why why);
void rd_arbiter_hard(struct rd_gateway *g, struct rd_claim_ref ref);

/* ---- events of the script threads ------------------------------------------ */

/* What a run made, at its end or at an early commit point. Taken over by the call. */
struct rd_run_result {
    struct rd_answer *answer;            /* all of it as bytes, if nothing was frozen yet */
    struct rd_store_reply *replies;      /* all of it so far, with keys */
    struct rd_store_effect *effects;
    enum rd_outcome outcome;
    enum rd_why why;                     /* it was cancelled */
    bool failed;                         /* answer and replies: the error handler's, or fallback */
    bool joined;                         /* of a burst: the other parts are answered, no 500 */
    bool discard;                        /* replies that were not sent yet go */
    struct rd_mailbox *op_mailbox;       /* early commit: who waits for it, and the op that does */
    void *op_wait;
    void (*op_done)(struct rd_mail *request, void *owner);
};

enum rd_published {
    RD_PUBLISHED_IN_TIME,    /* part of the answer */
    RD_PUBLISHED_COMMIT,     /* posted to the store: op_done will be called */
    RD_PUBLISHED_NOT_NEEDED, /* finish: Twilio has its answer already */
    RD_PUBLISHED_STALE,      /* this run is no longer the current one */
};

/* The run may begin: its message still waits for it. */
bool rd_arbiter_begins(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run);
/* This run is the current one of its message, and the answer is decided. */
bool rd_arbiter_answered(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run);
/* msg:reply. In time: result->answer becomes what a deadline would send now. Late: a commit. */
enum rd_published rd_arbiter_publish(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run,
                                     uint64_t epoch, struct rd_run_result *result);
/* msg:finish: result->answer goes to Twilio now. */
enum rd_published rd_arbiter_finish(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run,
                                    uint64_t epoch, struct rd_run_result *result);
/*
 * The handler failed and its `error` handler begins: what was published and not sent is discarded,
 * and if the deadline comes first, this is the outcome.
 */
void rd_arbiter_failed(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run,
                       enum rd_outcome outcome);
/* The handler ended, failed or was cancelled; false: the result was dropped and counted. */
bool rd_arbiter_end(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run, uint64_t epoch,
                    struct rd_run_result *result);
/*
 * Its conversation gives it up (`latest`), refuses it (`drop`, a full queue) or joins it to the
 * next one (`debounce`): the answer is <Response/> unless one is frozen, replies not yet sent go.
 * False: it was no longer current.
 */
bool rd_arbiter_refuse(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run, uint64_t epoch,
                       enum rd_outcome outcome, enum rd_why why);
/* Frees what the call did not take. */
void rd_run_result_free(struct rd_run_result *result);

/* ---- recovery of a lost thread ---------------------------------------------- */

/* Takes the message from a lost run: its new serial, or 0 when that run no longer had it. Main. */
uint64_t rd_arbiter_take(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run);

#endif
