/*
 * vm.h - one Lua VM: the scripts of one generation on one worker.
 *
 * Private to script/. Owns the lua_State, its allocator with the cap and the
 * charge of the running handler, its pool of coroutines, and the references to
 * the scripts' handlers. Made on a loader thread, then used by one worker only.
 */
#ifndef RD_SCRIPT_VM_H
#define RD_SCRIPT_VM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/buf.h"
#include "base/check.h"
#include "script/script.h"

#define RD_VM_MAGIC RD_MAGIC('v', 'm', ' ', '1')
#define RD_VM_CLASSES 32        /* sizes of small blocks: 8, 24, 40, ... 504 bytes */
#define RD_VM_POOL 128          /* idle coroutines kept: about 1 KiB each */
#define RD_VM_POOL_EACH 16384   /* bytes; one that a deep recursion has swollen is let go */
#define RD_VM_CROWDED(limit) ((limit) / 5 * 4)    /* more than that in use is too much */
#define RD_VM_BRIM(limit) ((limit) / 10 * 9)      /* beyond it is kept for who holds little */

enum rd_killed { RD_ALIVE, RD_KILLED_CPU, RD_KILLED_BLOCKED, RD_KILLED_MEMORY };

/* What may be used up: of a load, a handler, an `error` handler, a closing coroutine. */
struct rd_budget {
    uint64_t cpu_ns, cpu_limit_ns;
    int64_t mem, mem_limit;         /* net bytes charged, never below 0 */
    int64_t held, reached;          /* scratch of weigh.c */
    int64_t beyond;                 /* of mem: put into the scripts' own tables, it was found */
    bool vm_full : 1;               /* the last refusal was for the VM's limit, not for this one */
    bool mem_over : 1;              /* limit passed: collect, then decide, at the next hook */
    bool excused : 1;               /* once, for what others who have ended may have put there */
    uint16_t blocked_ms;            /* of KILLED_BLOCKED: what it had at most */
    enum rd_killed killed;          /* sticky */
};

/* Who yields, and so who may resume: a yield that is not the script's own passes outwards. */
enum rd_passing {
    RD_PASS_NONE,       /* coroutine.yield: for the resumer in the script */
    RD_PASS_FORCED,     /* the slice is over */
    RD_PASS_AWAIT,      /* an rd_op has been started */
    RD_PASS_CANCELLED,  /* the run is cancelled */
};

/* A coroutine and its place in the registry's table of threads. */
struct rd_thread {
    lua_State *L;
    int slot;
};

/* References of one script in one VM; LUA_NOREF: none. */
struct rd_vm_script {
    int message, status, opt_out, error;
    int *keywords;                  /* in the order of the generation's */
    int *entries;                   /* of schedule; the same */
};

/* A block that Lua has freed, kept for the next of its size. */
struct rd_vm_block {
    struct rd_vm_block *next;
};

struct rd_vm {
    uint32_t magic;
    lua_State *L;                   /* main thread; runs only the load */
    struct rd_generation *generation;
    unsigned index;
    atomic_bool lost;               /* with its worker, which may not touch it any more */
    atomic_uint runs;               /* runs that hold a reference of the generation through it */
    struct rd_slice_clock *clock;   /* of the worker, or of the load under way */

    uint64_t slice_ns;
    size_t used, limit;             /* bytes of the allocator */
    size_t rest;                    /* of them nobody's coroutine's, when last weighed */
    int64_t left;                   /* charges of those that have ended since */
    size_t gate;                    /* up to here it gives without a look; at most limit */
    bool pressed;                   /* the gate was passed in this slice, which ends soon */
    size_t reported;                /* of used, in the vm_bytes gauge */
    size_t most;                    /* of used, since memory was last given back */
    struct {
        struct rd_vm_block *head;
        size_t n;
    } blocks[RD_VM_CLASSES];        /* not in used */
    struct rd_budget *budget;       /* who is charged now; NULL: nobody */
    const struct rd_budget *told;   /* whose kill has its error (slice.c); NULL: nobody's */
    size_t refused_old, refused_new;    /* last refusal: the second equal one is final */
    char where[96];                 /* "scripts/bot.lua:12" of it in this slice, or of an error at
                                       load */
    size_t crowded;                 /* more bytes in use: rebuild.c looks at it; 0: at once */
    size_t evicted_at;              /* bytes in use when a run was evicted; 0: none is ending */
    bool rebuilding;                /* a loader makes its successor; rd_rebuild_holds */
    bool rebuild_vain;              /* another would be as full */
    uint64_t rebuild_after_ns;      /* monotonic; a load has failed: not before */
    bool retired;                   /* it has one; freed with its last run */

    enum rd_passing passing;        /* of the yield under way */
    unsigned blocked;               /* resumes on the C stack through which no yield can pass */
    struct rd_run *run;             /* whose slice is open */

    struct rd_thread pool[RD_VM_POOL];
    unsigned n_pool;

    struct rd_vm_script *scripts;
    unsigned n_scripts;
};

/* An empty VM with that cap; NULL without memory. */
struct rd_vm *rd_vm_new(size_t limit);
/* Closes and frees it; its allocator must then be at 0 bytes. */
void rd_vm_free(struct rd_vm *vm);

/* A coroutine's extra space: its VM; in the lowest bit, whether only the engine may resume it. */
static inline struct rd_vm *
rd_vm_of(lua_State *L)
{
    return (struct rd_vm *)(*(uintptr_t *)lua_getextraspace(L) & ~(uintptr_t)1);
}

static inline void
rd_vm_hold(lua_State *L, bool held)
{
    *(uintptr_t *)lua_getextraspace(L) = (uintptr_t)rd_vm_of(L) | held;
}

static inline bool
rd_vm_is_held(lua_State *L)
{
    return *(uintptr_t *)lua_getextraspace(L) & 1;
}

#define RD_VM_WANT 80
/* "not enough memory: handler_memory (32 MiB) is used up", as the last refusal by this budget. */
const char *rd_vm_want(const struct rd_vm *vm, const struct rd_budget *b, char out[RD_VM_WANT]);

/* An idle coroutine of the pool or a new one; L is NULL when memory is out. */
struct rd_thread rd_vm_take_thread(struct rd_vm *vm);
/* Gives a coroutine back that has ended (closed first if it had failed or was suspended). */
void rd_vm_give_thread(struct rd_vm *vm, struct rd_thread t);

/* Pushes the table of coroutines, or nil, onto the main thread. */
void rd_vm_push_threads(struct rd_vm *vm);
/* Brings the vm_bytes gauge up to date when it is off by much; gives back what much was freed. */
void rd_vm_report(struct rd_vm *vm);

#endif
