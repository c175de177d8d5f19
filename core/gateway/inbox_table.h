/*
 * inbox_table.h - the table itself, shared by inbox*.c and conversation.c.
 * Nobody else includes this.
 */
#ifndef RD_GATEWAY_INBOX_TABLE_H
#define RD_GATEWAY_INBOX_TABLE_H

#include <pthread.h>

#include "gateway/inbox.h"

#define INBOX_BUCKETS 4096    /* by run serial; 10,000 messages in flight at most */

struct rd_inbox {
    uint32_t magic;
    pthread_mutex_t lock;                 /* held for the lines that link or unlink */
    struct rd_task *first, *last;         /* all messages here, oldest first */
    struct rd_task *by_run[INBOX_BUCKETS];
    struct rd_gateway *gateway;
    struct rd_worker *worker;
    bool held;
    struct rd_mail *waiting, **waiting_tail;    /* while held */
    struct rd_task *late, *late_last;     /* watched by the late limit, oldest first */
    uv_timer_t late_timer;
    bool late_running;
    struct rd_task *window, *window_last; /* wait for more of their burst, the first to end first */
    uv_timer_t window_timer;
    unsigned n_timers;                    /* not yet closed */
    struct rd_conversation *talks[INBOX_BUCKETS];    /* by hash of their addresses */
};

void rd_inbox_link(struct rd_inbox *in, struct rd_task *t);
void rd_inbox_unlink(struct rd_inbox *in, struct rd_task *t);
struct rd_task *rd_inbox_find(struct rd_inbox *in, uint64_t run);
/* Starts the task's handler when its conversation lets it. */
void rd_inbox_begin(struct rd_inbox *in, struct rd_task *t);
/* It has its turn: its handler starts, or it ends at once when there is none. */
void rd_inbox_turn(struct rd_task *t);
/* Starts the handler that was picked. */
void rd_inbox_run(struct rd_inbox *in, struct rd_task *t);
/* Nothing of it is left to do: its conversation goes on, and it is freed. */
void rd_inbox_forget(struct rd_task *t);
/* Commits what the run made and forgets the task. Takes end->reply. */
void rd_inbox_end(struct rd_task *t, struct rd_run_end *end);

/* Which handler: sets handler, keyword, args and mute; false: the script has none for this. */
bool rd_inbox_pick(struct rd_task *t);
/* A new effect that keeps what an opt-out says, or NULL when there is nothing to keep. */
struct rd_store_effect *rd_inbox_opt_out_effect(const struct rd_task *t);
/* Asks the store whether a later status of this message was seen already; then runs or ends it. */
void rd_inbox_ask_rank(struct rd_inbox *in, struct rd_task *t);

/* Counts and logs: FINISH of a schedule's entry; what late_limit ends. In inbox_log.c. */
void rd_inbox_log_entry(const struct rd_task *t, enum rd_outcome outcome, enum rd_why why);
void rd_inbox_log_late_limit(const struct rd_task *t);

/* The late limit counts from now. */
void rd_inbox_watch_late(struct rd_task *t);
void rd_inbox_unwatch_late(struct rd_task *t);

/* What the run made as a result for arbiter; takes end->reply. In inbox_reply.c. */
void rd_inbox_result(struct rd_task *t, struct rd_run_end *end, struct rd_run_result *result);

#endif
