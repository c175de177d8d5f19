/*
 * task.h - one message on a script thread, from its dispatch to its end.
 *
 * Made by arbiter at DISPATCH and posted as mail; then in the worker's table of
 * messages (inbox.h), which lives outside Lua so that a lost thread's messages
 * can be read by main.
 */
#ifndef RD_GATEWAY_TASK_H
#define RD_GATEWAY_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/arbiter.h"
#include "gateway/config.h"
#include "loop/mailbox.h"

#define RD_TASK_MAGIC RD_MAGIC('t', 'a', 's', 'k')

struct rd_task {
    struct rd_mail mail;                 /* first: RUN */
    uint32_t magic;
    unsigned script;
    struct rd_gateway *gateway;
    struct rd_task *next, *prev;         /* in the worker's table */
    struct rd_task *next_same;           /* in its bucket by run serial */
    struct rd_claim_ref claim;
    uint64_t run;                        /* serial */
    struct rd_message *message;          /* a reference */
    struct rd_generation *generation;    /* a reference */
    const struct rd_config *config;      /* the generation's */
    unsigned attempt;
    uint8_t shard;

    /* from here on the script thread's own */
    bool mute;                           /* an opt-out that must not be answered */
    bool finished;                       /* msg:finish was called, maybe by an earlier run */
    bool watched;                        /* by the late limit */
    bool ended;                          /* its handler has; what it spawned goes on */
    bool again;                          /* a rerun: its conversation has let it in before */
    enum rd_why cut : 8;                 /* its handler was ended so */
    enum rd_handler handler;
    int keyword;
    unsigned n_replies;
    struct rd_inbox *inbox;
    struct rd_run *handle;               /* NULL while queued; until nothing of it goes on */
    struct rd_slice args;                /* rest after the word or the keyword */
    struct rd_reply *all;                /* replies published so far, joined */
    struct rd_store_reply *replies, **replies_tail;    /* the same one by one, with keys */
    struct rd_store_effect *effects;
    uint64_t soft_ns, late_ns;           /* monotonic: when Twilio, and when we, wait no longer */
    struct rd_task *next_late, *prev_late;    /* watched by the late limit */
    struct rd_conversation *talk;        /* in which it runs or waits; NULL: none */
    struct rd_task *next_turn;           /* waits behind it */
    uint64_t window_ns;                  /* monotonic: it waits so long for more; 0: it does not */
    struct rd_task *next_window, *prev_window;
    uint64_t started_ns;                 /* monotonic: when its handler began; 0: not yet */
};

/* A task for the current run of a message; takes references. */
struct rd_task *rd_task_new(struct rd_gateway *g, struct rd_claim_ref claim, uint64_t run,
                            struct rd_message *m, struct rd_generation *generation,
                            unsigned script, uint8_t shard);
/* Forgets what was published so far. */
void rd_task_drop_replies(struct rd_task *t);
/* Gives everything back, also the share of the in-flight cap. */
void rd_task_free(struct rd_task *t);

/* Posted to the shard's worker: the run with this serial is to be cancelled. */
struct rd_cancel_mail {
    struct rd_mail mail;
    uint64_t run;
};

/* deliver() of the two mails; owner is the worker. In inbox.c. */
void rd_inbox_on_task(struct rd_mail *mail, void *owner);
void rd_inbox_on_cancel(struct rd_mail *mail, void *owner);

#endif
