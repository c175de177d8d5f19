/*
 * world.h - everything around the arbiter, played by a test step by step.
 *
 * The claims table, the arbiter and the rows of the "memory" backend are the real
 * ones. Fronts, script threads, generations and the store's thread are doubles
 * (world_doubles.h): a request to the store waits until the test lets it be done
 * or fail, then its completion waits until the test delivers it. All on one
 * thread, so that every order of events can be had.
 *
 * A reply is a number below 32, a set of replies a mask; the text of an answer is
 * its mask. 31 is fallback_reply, 30 - key the error handler's.
 */
#ifndef RD_TESTS_WORLD_H
#define RD_TESTS_WORLD_H

#include "base/metric.h"
#include "gateway/arbiter.h"
#include "gateway/claims.h"
#include "gateway/config.h"
#include "gateway/front.h"
#include "gateway/gateway.h"
#include "gateway/task.h"

#define FALLBACK_BIT (1u << 31)
#define ERROR_BIT (1u << 30)
#define WORLD_KEYS 4
#define WORLD_TICKETS 64
#define WORLD_RUNS 64
#define WORLD_ENTRIES 4
#define WORLD_FOREVER UINT64_C(3600000)    /* a late limit that no test reaches */

struct rd_generation {
    int refs;
    struct rd_config *config;
    bool has_status;
    struct rd_script_entry entries[WORLD_ENTRIES];    /* of `schedule` */
    unsigned n_entries;
};

/* A request that waits, or waited, for its answer. */
struct world_ticket {
    unsigned key;
    bool unstarted;              /* NEW, and DISPATCH has not run yet */
    bool answered, softened;
    int status;
    unsigned mask;               /* the replies in its answer */
    char text[24];
    char full[1024];             /* all of it, when it is TwiML */
    enum rd_outcome outcome;
    enum rd_why why;
    struct rd_claim_ref ref;
};

enum world_state {
    RUN_QUEUED,     /* its mail has come */
    RUN_RUNNING,
    RUN_WAITING,    /* for a commit */
    RUN_LOST,       /* its thread is lost: it may still come back and try something */
    RUN_OVER,
};

/* A run as its script thread sees it. */
struct world_run {
    unsigned key;
    uint64_t run, epoch;
    struct rd_claim_ref claim;
    struct rd_task *task;        /* until it is over */
    enum world_state state;
    unsigned published;          /* mask of msg:reply so far */
    unsigned n_commits;          /* under way */
    int commit_error;            /* of the last commit that it waited for */
    bool cancelled;              /* it was told to stop */
    unsigned n_effects;          /* one is made at each reply, finish and end */
    unsigned pending;            /* mask: not yet given to a commit */
    unsigned applied;            /* mask: done to the world */
    bool dropped;                /* its end came to nothing */
    bool ended;                  /* its end counted */
    bool forgotten;              /* with a 500 */
    unsigned replies;            /* mask: of its end */
};

struct world {
    struct rd_gateway g;
    struct rd_front front;
    struct rd_config config;
    struct rd_generation generation;
    uv_loop_t loop;
    struct rd_mailbox script;    /* of every shard */
    uint64_t epoch;              /* of the current script thread */
    bool one_sender;             /* all messages are of one conversation, else each of its own */
    struct world_ticket tickets[WORLD_TICKETS];
    unsigned n_tickets;
    struct world_run runs[WORLD_RUNS];
    unsigned n_runs;
    struct front_retry *retries;
    unsigned n_retries;
    /* the store */
    const struct rd_store_backend *backend;
    void *self;
    struct rd_store_request *posted, *done;
    uint64_t dead[WORLD_RUNS];
    unsigned n_dead;
    unsigned undeliverable[WORLD_KEYS];
    unsigned committed[WORLD_KEYS];    /* replies of the final that counted */
    unsigned n_finals[WORLD_KEYS];     /* finals that counted, since the row was last absent */
};

extern struct world world;

/* Opens it: no REST, TwiML for errors, an hour of late limit, the filter knows nothing. */
void world_open(void);
/* Everything ended: checks that nothing is left over, then frees it all. */
void world_close(void);
/* world_open and world_close for cmocka. */
int world_setup(void **state);
int world_teardown(void **state);

/* ---- requests ------------------------------------------------------------------ */

enum world_ask { ASK_STATUS = 1, ASK_FALLBACK = 2, ASK_UNSTARTED = 4, ASK_STOP = 8 };
/* A request for message number `key` comes; DISPATCH follows unless it is told not to. */
struct world_ticket *world_ask(unsigned key, unsigned flags);
void world_start(struct world_ticket *t);
void world_soft(struct world_ticket *t);
void world_hard(struct world_ticket *t);

/* ---- runs ------------------------------------------------------------------------- */

/* The last run dispatched; fails the test when its state is not this. */
struct world_run *world_run(enum world_state state);
bool world_begin(struct world_run *r);
enum rd_published world_publish(struct world_run *r, unsigned replies);
enum rd_published world_finish(struct world_run *r);
/* It ends with these replies besides the published ones; true when it was the current run. */
bool world_end(struct world_run *r, unsigned replies);
bool world_fail(struct world_run *r);
/* Its conversation gives it up; true when it was the current run. */
bool world_refuse(struct world_run *r, enum rd_outcome outcome);
/* The whole way: it begins and ends. */
void world_answer(struct world_run *r, unsigned replies);

/* Its thread is lost and buried: the successor's run, queued, or NULL when there is none. */
struct world_run *world_take(struct world_run *r);
/* The thread's death is posted to the store; runs from now on have a new epoch. */
void world_bury(void);

/* ---- the store ------------------------------------------------------------------ */

/* How many requests wait for the store, how many completions for the front. */
unsigned world_n_posted(void);
unsigned world_n_done(void);
/* The next request is done, or fails. */
void world_store(bool ok);
/* The next completion comes to the front; or the one behind `older` that wait longer. */
void world_complete(void);
void world_complete_behind(unsigned older);
/* All of it, until nothing is left to do but what waits for room; repeats come at once. */
void world_settle(void);
/* The next request fails and its completion comes. */
void world_store_fails(void);
/* What the front tries again later is tried now. */
void world_tick(void);
enum rd_row_state world_row(unsigned key);
/* All that waits in the outbox, as a mask. */
unsigned world_outbox(void);
/* The entries of all messages are forgotten, as they are some time after the last event. */
void world_forget_idle(void);

/* ---- what must be --------------------------------------------------------------- */

struct rd_claim *world_claim(unsigned key);
/* The entry of a message is gone, or would be forgotten. */
void assert_at_rest(unsigned key);
void assert_waits(const struct world_ticket *t);
/* Answered with status 200 and these replies. */
void assert_answer(const struct world_ticket *t, unsigned mask);
/* Refused with this status. */
void assert_status(const struct world_ticket *t, int status);
/* The counter's growth since world_open. */
int64_t world_count(enum rd_metric metric);

#endif
