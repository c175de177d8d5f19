/*
 * script.h - what the rest of replyd sees of Lua.
 *
 * A *generation* is one loaded set of scripts with one VM for each worker. A
 * *worker* is a script thread: a loop, a mailbox, a scheduler of runs. A *run*
 * is one handler in one coroutine. This layer knows no HTTP and no store: what
 * an event looks like and what happens with a reply is its host's business.
 *
 * Everything marked (worker) is called on that worker's thread only.
 */
#ifndef RD_SCRIPT_SCRIPT_H
#define RD_SCRIPT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>
#include <uv.h>

#include "base/buf.h"
#include "base/cron.h"
#include "base/outcome.h"
#include "base/reply.h"
#include "base/slice.h"
#include "loop/mailbox.h"
#include "replyd.h"

struct rd_generation;
struct rd_worker;
struct rd_run;

/* Limits of design section 8 that concern scripts; part of a generation. */
struct rd_script_limits {
    uint64_t slice_ns;          /* 2 ms */
    uint64_t cpu_limit_ns;      /* per handler, 500 ms */
    uint64_t load_limit_ns;     /* CPU time to load one VM, 2 s */
    size_t vm_memory;           /* 64 MiB */
    size_t handler_memory;      /* 32 MiB */
    unsigned log_lines;         /* of one handler, 100 */
};

/* ---- the host (gateway) ---------------------------------------------- */

enum rd_handler {
    RD_HANDLER_MESSAGE,
    RD_HANDLER_STATUS,
    RD_HANDLER_OPT_OUT,
    RD_HANDLER_KEYWORD,     /* number in rd_run_order.keyword */
    RD_HANDLER_SCHEDULE,    /* the same */
};

/* How a run ended. */
struct rd_run_end {
    enum rd_outcome outcome;      /* ok, empty, error, cpu, memory, cancelled */
    struct rd_reply *reply;       /* the host's now; may be NULL */
    bool error_handler_replied;   /* reply is the `error` handler's; outcome stays the failure's */
    bool goes_on;                 /* coroutines that it spawned do; run_gone comes after them */
    uint64_t cpu_ns;              /* CPU time used */
};

struct rd_script_host {
    /*
     * (worker) The handler has failed, outcome says how; its `error` handler will run, and
     * run_ended come after that. May be NULL.
     */
    void (*run_failed)(struct rd_run *run, void *order, enum rd_outcome outcome);
    /* (worker) The handler has ended. */
    void (*run_ended)(struct rd_run *run, void *order, struct rd_run_end *end);
    /* (worker) After it: nothing of the run goes on, it is freed after this call. May be NULL. */
    void (*run_gone)(struct rd_run *run, void *order);
    /* (worker) Before and after it serves. Mails call their own deliver(mail, worker). */
    int (*worker_setup)(struct rd_worker *w, void *data);
    void (*worker_teardown)(struct rd_worker *w, void *data);
    /*
     * (loader) Adds the host's own functions and metatables to a new VM, inside its protected load;
     * may raise. The table replyd is on the top of the stack, with all registered functions in it.
     */
    void (*vm_open)(lua_State *L, void *data);
    void *data;
};

/*
 * Loads the plugins (their load() hooks) and registers all rows. Once, before any other thread;
 * 0, or an error with its reason in *why (static text).
 */
int rd_script_init(const char **why);
/* Unloads the plugins; after the last worker and generation. */
void rd_script_exit(void);

/* Where rd_plugin_option_* look: snapshot of the running generation, a key such as "debug.x". */
void rd_script_set_options(int64_t (*number)(void *snapshot, const char *key),
                           const char *(*text)(void *snapshot, const char *key));

/* ---- generations ------------------------------------------------------ */

struct rd_script_source {
    struct rd_slice path;     /* as shown in errors: "scripts/bot.lua" */
    struct rd_slice text;
    const struct rd_slice *reserved;    /* no keyword may be one of these, folded; for the load */
    size_t n_reserved;
};

struct rd_generation_spec {
    const struct rd_script_source *scripts;    /* copied */
    size_t n_scripts;
    struct rd_slice root;                      /* folder of `require`; modules are kept in memory */
    struct rd_script_limits limits;
    unsigned n_workers;
    const struct rd_script_host *host;         /* for vm_open; may be NULL */
    void *snapshot;                            /* the configuration that belongs to it */
    void (*snapshot_free)(void *snapshot);
};

/*
 * Builds all VMs on the calling (loader) thread under the load budget. NULL on
 * failure: all but the snapshot, which stays the caller's, is freed again and
 * `error` holds file:line and the reason. The new generation has one reference;
 * its number is unique in the process.
 */
struct rd_generation *rd_generation_load(const struct rd_generation_spec *spec,
                                         struct rd_buf *error);
struct rd_generation *rd_generation_ref(struct rd_generation *g);
/* At zero the VMs are closed on their workers' threads, their allocators at 0 bytes. Any thread. */
void rd_generation_unref(struct rd_generation *g);
uint64_t rd_generation_number(const struct rd_generation *g);
/* Shows every file that it was loaded from, modules too, the one that was read last first. */
void rd_generation_sources(const struct rd_generation *g,
                           void (*see)(void *arg, struct rd_slice path, struct rd_slice text),
                           void *arg);
void *rd_generation_snapshot(const struct rd_generation *g);
/* (worker or loader) The generation of a VM. */
struct rd_generation *rd_generation_of(lua_State *L);
/* Generations alive in the process, and those leaked with lost threads. */
unsigned rd_generations_alive(void);
unsigned rd_generations_leaked(void);

/* What a message does while its conversation's handler runs. */
enum rd_concurrency { RD_CONCURRENCY_QUEUE, RD_CONCURRENCY_LATEST, RD_CONCURRENCY_DROP };

enum rd_concurrency rd_script_concurrency(const struct rd_generation *g, unsigned script);
/* Milliseconds that a message waits for more of its burst; 0: it does not. */
uint64_t rd_script_debounce(const struct rd_generation *g, unsigned script);
/* The script has that handler. */
bool rd_script_has(const struct rd_generation *g, unsigned script, enum rd_handler handler);
/*
 * Keyword of a script that matches: `payload` exactly first, else the longest
 * key at the start of `text` that ends at a word boundary. -1: none. *args gets
 * the rest of the text after the match, trimmed.
 */
int rd_script_keyword(const struct rd_generation *g, unsigned script, struct rd_slice payload,
                      struct rd_slice text, struct rd_slice *args);

/* Number of keywords of a script, and one of them, folded; for `check`. */
unsigned rd_script_keyword_count(const struct rd_generation *g, unsigned script);
struct rd_slice rd_script_keyword_at(const struct rd_generation *g, unsigned script, unsigned i);

/*
 * Scripts can read names[0], the global, names[0].names[1] and so on; true as well where that
 * depends on the script. *meant gets a known name that is near, else {NULL, 0}. Before any worker
 * has the generation; for `check`.
 */
bool rd_script_knows(const struct rd_generation *g, const struct rd_slice *names, size_t n,
                     struct rd_slice *meant);

/* A row of a script's `schedule`. */
struct rd_script_entry {
    struct rd_slice line;    /* as written */
    struct rd_cron cron;
};
/* Their number; one of them, in an order that does not change; the number of one, or -1. */
unsigned rd_script_entry_count(const struct rd_generation *g, unsigned script);
const struct rd_script_entry *rd_script_entry_at(const struct rd_generation *g, unsigned script,
                                                 unsigned i);
int rd_script_entry_find(const struct rd_generation *g, unsigned script, struct rd_slice line);

/* ---- workers ---------------------------------------------------------- */

struct rd_worker_spec {
    unsigned index;                          /* 0 .. n-1: which VM of a generation is its own */
    uint64_t epoch;                          /* unique in the process, never 0 */
    const struct rd_script_host *host;
};

/* Starts a script thread; 0 or an error. */
int rd_worker_start(const struct rd_worker_spec *spec, struct rd_worker **out);
/* Asks it to end after its runs were cancelled; then joins it. Main only. */
void rd_worker_stop(struct rd_worker *w);
void rd_worker_join(struct rd_worker *w);

struct rd_mailbox *rd_worker_mailbox(struct rd_worker *w);
uv_loop_t *rd_worker_loop(struct rd_worker *w);
unsigned rd_worker_index(const struct rd_worker *w);
uint64_t rd_worker_epoch(const struct rd_worker *w);
/* Where the host keeps what belongs to this worker (its table of messages). */
void rd_worker_set_data(struct rd_worker *w, void *data);
void *rd_worker_data(const struct rd_worker *w);
/* The worker whose thread is running, or NULL. */
struct rd_worker *rd_worker_current(void);

/* The order of the run that is on the worker's CPU, NULL between slices. Any thread (recovery). */
void *rd_worker_running_order(const struct rd_worker *w);
/* Any thread; after this the thread parks at its next boundary, for ever. */
void rd_worker_declare_dead(struct rd_worker *w);
bool rd_worker_is_dead(const struct rd_worker *w);

/*
 * Rebuilds the VM of a generation for the successor of a lost worker, on the calling thread, unless
 * it is sound. 0 or an error with its text.
 */
int rd_generation_rebuild(struct rd_generation *g, unsigned index, struct rd_buf *error);

/* ---- runs ------------------------------------------------------------- */

struct rd_run_order {
    struct rd_generation *generation;      /* the run holds a reference */
    unsigned script;
    enum rd_handler handler;
    int keyword;
    /* Pushes the handler's arguments, returns their number; protected, under budget; may raise. */
    int (*push_event)(lua_State *L, void *order);
    struct rd_slice (*param)(void *order, struct rd_slice name);    /* for rd_plugin_param */
    uint64_t (*deadline_ns)(void *order);  /* for time_left: monotonic, 0 none */
    struct rd_slice id;                    /* the message's id, for log lines of the script */
    void *order;                           /* the host's own */
};

/* (worker) Queues a run; its first slice comes from the loop, never from inside. Never NULL. */
struct rd_run *rd_run_start(struct rd_worker *w, const struct rd_run_order *order);
/*
 * (worker) Ends it at once when it waits or is queued, else at its next
 * boundary; run_ended follows with outcome `why` (never from inside).
 */
void rd_run_cancel(struct rd_run *run, enum rd_outcome why);
/* (worker, inside a handler) The run of a coroutine, also of the script's own; NULL at load. */
struct rd_run *rd_run_of(lua_State *L);
void *rd_run_order_of(struct rd_run *run);
/*
 * (worker) Which coroutine of the handler it is, the same in each run of a message; 0: the
 * handler's own. *ordinal: how often it was asked that before.
 */
uint64_t rd_run_path(struct rd_run *run, uint32_t *ordinal);

/* (worker) rd_op_await would suspend the coroutine, not refuse the op. */
bool rd_op_may_wait(lua_State *L);

/* A file without what `lua` skips too: a byte order mark, then a first line with '#' in front. */
struct rd_slice rd_script_text(struct rd_slice file);

/* (worker, protected) The reply value at index as a reply; raises an error with type and line. */
struct rd_reply *rd_reply_from_lua(lua_State *L, int index);
/* (worker) That reply became part of the answer: it counts for Twilio's limits, until an error. */
void rd_reply_said(lua_State *L, const struct rd_reply *reply);

/* `name` of `table` ("replyd", "msg", "media") belongs to a later version's Lua API. */
bool rd_script_is_later(struct rd_slice table, struct rd_slice name);
/* Raises then. */
void rd_lua_refuse_later(lua_State *L, const char *table, const char *name);

/* ---- supervision (app/watchdog) ---------------------------------------- */

/* One look of the watchdog: signals where due; true when the thread must be declared lost. */
bool rd_worker_watch(struct rd_worker *w, uint64_t now_ns);
/* A slice of this worker is open (the watchdog may sleep on a futex while none is). */
bool rd_worker_is_open(const struct rd_worker *w);
/* Nanoseconds until its slice is over (1 ms when it is), or until one that begins now can be. */
uint64_t rd_worker_due(const struct rd_worker *w, uint64_t now_ns);
/* Sleeps while no worker runs Lua, at most until rd_workers_wake(). Watchdog only. */
void rd_workers_wait(void);
void rd_workers_wake(void);

/* ---- documentation ------------------------------------------------------ */

/* All rows of the Lua API: engine's, host's and plugins', for `replyd help lua`. */
/*
 * Before any VM. Table "" is replyd itself, "log" is replyd.log: rows with a function are put
 * there in each VM. Rows of "msg" (methods, fields) and "return" (the handlers of a script) are
 * documentation: vm_open builds the former.
 */
void rd_script_register(const char *table, const struct rd_lua_fn *rows);
typedef void rd_script_row_fn(const char *table, const struct rd_lua_fn *row, void *arg);
void rd_script_each_row(rd_script_row_fn *fn, void *arg);

#endif
