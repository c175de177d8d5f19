/*
 * store.h - what replyd remembers, behind one interface.
 *
 * One thread owns the backend. Everybody else posts requests; each is done in
 * order, many in one transaction, and comes back as mail to the place that it
 * names, after the commit. Only this thread moves a message's row:
 *
 *     absent -> ANSWERED(answer)
 *     absent -> EARLY(answer, request) -> DONE(answer)
 *
 * and it inserts only where the row is absent: who comes second gets the answer
 * that is there. The rules stand in row.c, once for all backends.
 */
#ifndef RD_STORE_STORE_H
#define RD_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/answer.h"
#include "base/message.h"
#include "base/reply.h"
#include "loop/mailbox.h"

struct rd_store;

enum rd_row_state { RD_ROW_ABSENT, RD_ROW_EARLY, RD_ROW_ANSWERED, RD_ROW_DONE };

/*        op          what it does */
#define RD_STORE_OPS(X)                                                                   \
    X(lookup,     "state and answer of a message's row")                                  \
    X(early,      "row EARLY with its answer and whole request, effects so far")          \
    X(final,      "row ANSWERED or DONE, the rest of the replies, effects")               \
    X(started,    "a run of an EARLY row begins: its attempt is counted")                 \
    X(kv_get,     "value of a key")                                                       \
    X(kv_list,    "keys with a prefix")                                                   \
    X(kv_incr,    "adds to a number at once, result recorded")                            \
    X(kv_cas,     "replaces a value if it is the old one, result recorded")               \
    X(rank,       "raises the number at {space, key} to `by` if it is lower; number: before") \
    X(scan,       "rows one by one: for recovery and for the filter of known keys")       \
    X(outbox_take, "the next replies to send by REST")                                    \
    X(outbox_done, "a reply was sent, or given up")                                       \
    X(backup,     "a consistent copy")                                                    \
    X(death,      "requests of this epoch that come later are discarded")                 \
    X(expire,     "forgets rows that are older than the retention time")

#define RD_STORE_OP_ENUM(name, text) RD_STORE_##name,
enum rd_store_op { RD_STORE_OPS(RD_STORE_OP_ENUM) RD_STORE_OP_COUNT };
#undef RD_STORE_OP_ENUM

/* A reply that may have to go out by REST. */
struct rd_store_reply {
    struct rd_store_reply *next;
    struct rd_reply_key key;
    struct rd_reply *reply;
};

/* Something a handler did to the world, applied with its commit. */
struct rd_store_effect {
    struct rd_store_effect *next;
    enum rd_effect {
        RD_EFFECT_SET, RD_EFFECT_DELETE, RD_EFFECT_SEND,
        RD_EFFECT_RECENT,                 /* value: struct rd_recent; result: r->number */
    } kind;
    struct rd_slice space, key, value;    /* point into the allocation of the effect */
    uint64_t ttl_ms;                      /* 0: for ever */
};

#define RD_STORE_REQUEST_MAGIC RD_MAGIC('s', 'r', 'e', 'q')

struct rd_store_request {
    struct rd_mail mail;              /* first */
    uint32_t magic;
    enum rd_store_op op;
    uint64_t epoch;                   /* of the script thread that posts; 0: not one */
    struct rd_mailbox *reply_to;      /* NULL: nobody waits, the request is freed */
    /* On reply_to's thread; r is this request, and the callee's. */
    void (*completed)(struct rd_mail *r, void *owner);

    /* in; owned by the request */
    struct rd_slice key;              /* the message's key; bytes live in the request */
    uint64_t claim, hash;             /* the claim that waits, for completed() */
    struct rd_answer *answer;         /* the frozen answer */
    enum rd_row_state to;             /* final: ANSWERED or DONE */
    struct rd_message *request;       /* early: the whole request */
    struct rd_store_reply *replies;   /* early: published so far; final: all */
    struct rd_store_effect *effects;
    bool discard_outbox;              /* final: unsent rows of this message go */
    bool can_send;                    /* REST credentials: what is late becomes an outbox row */
    /* The rd_op of a script that waits for this commit, its mailbox, deliver() there; frees r. */
    void *op_wait;
    struct rd_mailbox *op_mailbox;
    void (*op_done)(struct rd_mail *r, void *owner);
    uint64_t n;                       /* death: epoch; expire, scan, started: as the op says */
    struct rd_slice space, name, value, old;    /* kv */
    int64_t by;
    /* scan, on the store's thread; false stops */
    bool (*visit)(void *arg, struct rd_slice key, enum rd_row_state state);
    void *visit_arg;

    /* out */
    int error;                        /* 0, or why nothing of it happened */
    enum rd_row_state row;            /* the row's state afterwards */
    struct rd_answer *row_answer;     /* its answer, a reference; NULL when absent */
    unsigned undeliverable;           /* replies that nobody can send */
    bool dropped;                     /* the row took no more results */
    struct rd_slice result;           /* kv: value, malloc'd; freed with the request */
    int64_t number;
};

/* A zeroed request with a copy of key. */
struct rd_store_request *rd_store_request_new(enum rd_store_op op, struct rd_slice key);
/* Frees it and all that it owns. NULL is ignored. */
void rd_store_request_free(struct rd_store_request *r);

/* An effect with copies of its slices. */
struct rd_store_effect *rd_store_effect_new(enum rd_effect kind, struct rd_slice space,
                                            struct rd_slice key, struct rd_slice value,
                                            uint64_t ttl_ms);

struct rd_store_spec {
    const char *backend;          /* "memory" */
    struct rd_slice folder;       /* for durable backends */
    uint64_t retention_ms;
    uint64_t memory_limit;        /* bytes of rows in "memory"; the oldest finished ones go first */
};

/* Opens the backend on its thread; 0 or an error (text in the log). */
int rd_store_start(const struct rd_store_spec *spec, struct rd_store **out);
/*
 * Does what was posted before, then ends and joins the thread. RD_E_TIMEOUT
 * after 5 s: it hangs (a log line says so), and the process can only be left.
 */
int rd_store_stop(struct rd_store *s);
/* Takes the request over. Any thread. After rd_store_stop began: discarded. */
void rd_store_post(struct rd_store *s, struct rd_store_request *r);
/* Acknowledged answers survive a crash. */
bool rd_store_is_durable(const struct rd_store *s);

/* ---- backends ------------------------------------------------------------ */

/*
 * All functions run on the store's thread, between begin and commit. They fill
 * the request's out fields; not 0: the transaction of this request is void. What
 * a request owns may be taken only where commit cannot fail: who posted it posts
 * it again, whole.
 */
struct rd_store_backend {
    const char *name;
    bool durable;
    int (*open)(const struct rd_store_spec *spec, void **self);
    void (*close)(void *self);
    int (*begin)(void *self);
    int (*commit)(void *self);
    void (*rollback)(void *self);
    int (*op[RD_STORE_OP_COUNT])(void *self, struct rd_store_request *r);
};

/* Ends with NULL. */
extern const struct rd_store_backend *const rd_store_backends[];

#endif
