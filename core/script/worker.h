/*
 * worker.h - a script thread: its loop, its clock, its queues of runs.
 *
 * Private to script/. Everything here belongs to the worker's thread, except
 * the clock (slice.h) and the watch, which is the watchdog's.
 */
#ifndef RD_SCRIPT_WORKER_H
#define RD_SCRIPT_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/check.h"
#include "loop/loop.h"
#include "script/run.h"
#include "script/script.h"
#include "script/slice.h"

#define RD_WORKER_MAGIC RD_MAGIC('w', 'o', 'r', 'k')

struct rd_worker {
    uint32_t magic;
    unsigned index;
    uint64_t epoch;
    const struct rd_script_host *host;
    void *data;                        /* the host's */
    struct rd_loop loop;
    pid_t tid;
    uv_idle_t idle;                    /* active while a run is queued: polling does not block */
    uv_check_t check;                  /* runs a batch behind the mails of each turn */
    struct rd_slice_clock clock;

    struct rd_run_queue first;         /* have the next slices, to end in them */
    struct rd_run_queue ready;         /* new and woken */
    struct rd_run_queue events;        /* the same of status events */
    struct rd_run_queue low;           /* made way when their slice was over */
    struct rd_run_queue held;          /* begin when their VM has its successor, or after a while */
    uv_timer_t hold;                   /* active while handlers are held back */
    unsigned n_rebuilds;               /* loaders under way */
    struct rd_run *runs;               /* all that have not ended */
    unsigned n_runs;
    struct rd_run *spare;              /* freed structs, for the next runs */
    unsigned n_spare;
    unsigned slices;                   /* since a low run had its turn */
    bool was_event;                    /* the last turn of messages and events was an event's */
    bool stopping;                     /* runs are cancelled as they come */
    bool stopped;                      /* its loop was asked to end */

    uint64_t log_second;               /* errors logged in this second */
    unsigned log_count;
    bool log_silent;                   /* that some are missing has been said */

    struct {
        uint64_t number, fired, handled, since_ns, looked_ns;
        uint64_t cpu_ns, own_ns;       /* what it ran, ever; ran or slept in this stillness */
        bool marked;                   /* the first look at this stillness is done */
    } watch;                           /* the watchdog's view of the newest slice that is over */
    struct rd_worker *next;            /* registry */
};

/* Posts to the mailbox of the worker that has this index; RD_E_CLOSED when none serves it. */
int rd_worker_post(unsigned index, struct rd_mail *mail);

/* At the end of each turn of its loop: goes on with its end when it is stopping. */
void rd_worker_turn(struct rd_worker *w);

/* ---- scheduler (sched.c) ------------------------------------------------ */

int rd_sched_open(struct rd_worker *w);
void rd_sched_close(struct rd_worker *w);
/* Puts a run behind the others; it gets a slice from the loop. */
void rd_sched_push(struct rd_worker *w, struct rd_run_queue *queue, struct rd_run *run);
/* From now on for that long, handlers may be held back. */
void rd_sched_hold(struct rd_worker *w, uint64_t ms);
/* Those held back are ready; none is held any more when no loader is under way. */
void rd_sched_release(struct rd_worker *w);
/* The run, which is cancelled or evicted, ends before anybody else goes on. */
void rd_sched_put_first(struct rd_worker *w, struct rd_run *run);
/* Takes a run out of the queue that it is in, if any. */
void rd_sched_remove(struct rd_worker *w, struct rd_run *run);

/* ---- what the watchdog sleeps on (watch.c) -------------------------------- */

/* Around each batch of slices. */
void rd_watch_enter(void);
void rd_watch_leave(void);

#endif
