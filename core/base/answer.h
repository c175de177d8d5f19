/*
 * answer.h - the bytes of an answer, once decided: immutable, shared by count.
 *
 * Made where the answer is frozen (gateway/arbiter), kept by the claim, the
 * store's row and each exchange that is about to write it.
 */
#ifndef RD_BASE_ANSWER_H
#define RD_BASE_ANSWER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

#define RD_ANSWER_MAGIC RD_MAGIC('a', 'n', 's', 'w')

/*
 * Which reply of a message this is, so that a rerun does not send it again:
 * where in the handler it was made, the how-manieth there, and what it says.
 */
struct rd_reply_key {
    uint64_t path;       /* coroutine path: 0 is the handler itself */
    uint64_t content;    /* hash of what it says */
    uint32_t ordinal;
    uint32_t special;    /* 1: the error handler's or fallback reply */
};

#define RD_ANSWER_REPLIES 10    /* messages of one answer */

/* What an answer costs as SMS, for the log; n == 0: not known. */
struct rd_answer_cost {
    uint16_t n;
    uint16_t segments[RD_ANSWER_REPLIES];    /* of each message */
    char forced_by[32];    /* the first character that GSM-7 does not have, or "" */
};

struct rd_answer {
    uint32_t magic;
    atomic_uint refs;
    int status;                         /* HTTP status: 200, or 204 for a status event */
    struct rd_slice bytes;              /* TwiML */
    const struct rd_reply_key *keys;    /* the replies in it */
    size_t n_keys;
    struct rd_answer_cost cost;         /* written before it is shared */
};

/* One allocation holding copies of bytes and keys; one reference. */
struct rd_answer *rd_answer_new(int status, struct rd_slice bytes, const struct rd_reply_key *keys,
                                size_t n_keys);
struct rd_answer *rd_answer_ref(struct rd_answer *a);
/* NULL is ignored. */
void rd_answer_unref(struct rd_answer *a);

bool rd_reply_key_eq(const struct rd_reply_key *a, const struct rd_reply_key *b);
/* The answer has a reply with this key. */
bool rd_answer_has(const struct rd_answer *a, const struct rd_reply_key *key);
/* Same status and bytes. */
bool rd_answer_eq(const struct rd_answer *a, const struct rd_answer *b);

#endif
