/*
 * run.h - one handler in one coroutine, from its order to its end.
 *
 * Private to script/. A run belongs to its worker. `enter` is the only function
 * that changes its state.
 */
#ifndef RD_SCRIPT_RUN_H
#define RD_SCRIPT_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "script/script.h"
#include "script/vm.h"

#define RD_RUN_MAGIC RD_MAGIC('r', 'u', 'n', '1')
#define RD_RUN_TRACE 3000                /* bytes of a traceback; a log line holds 4096 */
#define RD_RUN_ERROR_CPU_MS 100          /* CPU budget of an `error` handler, at most cpu_limit */
#define RD_RUN_CLOSE_CPU_MS 10           /* CPU budget of __close when a run is cancelled */
#define RD_RUN_CLOSE_ALL_CPU_MS 50       /* of all those of a handler that is over */

enum rd_run_state {
    RD_RUN_QUEUED,      /* has no coroutine yet */
    RD_RUN_READY,       /* woken */
    RD_RUN_LOW,         /* made way */
    RD_RUN_RUNNING,     /* its slice is open */
    RD_RUN_WAITING,     /* for its op */
    RD_RUN_ENDED,
};

/* First in, first out. */
struct rd_run_queue {
    struct rd_run *head, **tail;
};

struct rd_run {
    uint32_t magic;
    enum rd_run_state state;
    struct rd_worker *worker;
    struct rd_vm *vm;
    struct rd_run_order order;
    struct rd_thread thread;             /* L is NULL until its first slice */
    struct rd_budget budget;
    uint64_t cpu_ns;                     /* of the phases before this one */
    struct rd_op *op;                    /* the one slot: pending, or done and not yet released */

    enum rd_outcome outcome;
    bool cancelled : 1;                  /* outcome is the reason; ends at its next boundary */
    bool evicted : 1;                    /* ends in its next slice, for it holds most of the VM */
    bool in_error : 1;                   /* the `error` handler runs; outcome is already decided */
    bool failed : 1;                     /* the protected call ended with an error */
    bool kill_told : 1;                  /* trace has the kill's error: those that follow are not */
    bool raises_value : 1;               /* the error is what the handler returned: nil, err */
    bool said_redirect : 1;              /* of a root: published, and nothing can follow it */
    uint16_t n_said;                     /* of a root: messages published so far */
    struct rd_reply *reply;
    struct rd_reply *half_made;          /* by a conversion that an error cut off */
    struct rd_buf trace;                 /* error text and traceback */
    unsigned log_lines;                  /* written so far; beyond the limit only counted */
    int n_results;                       /* on the top of a child's coroutine when it has ended */

    struct rd_run *root;                 /* the handler's run: itself, unless it is a child */
    struct rd_budget *charge;            /* who pays: the root's; its own while it is closed */
    struct rd_run *children;             /* of a root: those that are not over, youngest first */
    struct rd_run *older, *younger;      /* of a child: in that list */
    unsigned n_children, n_started;
    void (*over)(struct rd_run *child, void *group);    /* of a child that is waited for */
    void *group;
    uint64_t path;                       /* 0: the handler's own coroutine */
    uint32_t n_replies;                  /* published by a child */
    uint32_t close_us;                   /* of a root: CPU time of what was closed after it */
    struct rd_run *queued;               /* of a root: the one of its family that is in a queue */
    struct rd_run_queue pending;         /* the others that would be */

    struct rd_run *queue_next;
    struct rd_run *prev, *next;          /* all runs of the worker */
};

/* One slice; *now_ns: when it begins, then when it ended. The run may be gone afterwards. */
void rd_run_slice(struct rd_run *run, uint64_t *now_ns);
/* Its op is done. */
void rd_run_wake(struct rd_run *run);
/* Cancels and releases what its slot holds. */
void rd_run_drop_op(struct rd_run *run);

/* A run that holds its references and is in no queue yet. */
struct rd_run *rd_run_make(struct rd_worker *w, struct rd_vm *vm,
                           const struct rd_run_order *order);
/* Its first slice will come from the loop. */
void rd_run_queue(struct rd_run *run);
/* A root that has ended is freed after its last child. */
void rd_run_rest(struct rd_run *root);
void rd_run_free(struct rd_run *run);

/*
 * (coroutine.c) Closes its coroutine, those of the script's inside which that waits first; in a
 * slice. What goes wrong in a __close of one that waited is logged.
 */
void rd_coroutine_end(struct rd_run *run);

/* What runs inside the coroutine (body.c): the handler; the `error` handler, given the error; a
 * child's function, given that. */
int rd_run_body(lua_State *L);
int rd_run_error_body(lua_State *L);
int rd_run_child_body(lua_State *L);
/* Pushes the handler of the running run: a function, a keyword's value, or nil. */
void rd_run_push_handler(lua_State *L);
/* Pushes "scripts/bot.lua: in what the function of line 12 returned" of it; of a value "". */
void rd_run_push_returned(lua_State *L);

#endif
