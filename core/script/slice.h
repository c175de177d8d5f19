/*
 * slice.h - the clock of the code that runs now, and the hook that ends it.
 *
 * Private to script/. Every resume from the scheduler is a slice. The watchdog
 * reads the clock; when a slice is over it notes its number in `due` and sends a
 * signal, whose handler only arms the hook of the running coroutine. The hook
 * yields where it can; when the budget is used up it raises, and goes on
 * raising at every instruction. Until then a slice costs a few stores.
 *
 * One clock for each worker, one on the stack of each load.
 */
#ifndef RD_SCRIPT_SLICE_H
#define RD_SCRIPT_SLICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

struct rd_vm;

struct rd_slice_clock {
    /* written by the owner, read by the watchdog */
    _Atomic(uint64_t) number;       /* of the newest slice; never the same again */
    _Atomic(uint64_t) start_ns;     /* monotonic */
    _Atomic(lua_State *) running;   /* innermost coroutine; NULL outside of Lua */
    _Atomic(uint64_t) slice_ns;     /* length that the open slice may have */
    _Atomic(void *) order;          /* of the run in the slice; NULL between slices */
    _Atomic(uint64_t) fired;        /* times that the hook had its say in a slice that was over */
    _Atomic(uint64_t) handled;      /* times the signal handler found its slice */
    /* written by the watchdog */
    _Atomic(uint64_t) due;          /* number of the slice that is over */
    atomic_bool dead;               /* the thread is declared lost */
    /* the owner's */
    bool loading;                   /* no watchdog: the hook counts all the time */
    struct rd_vm *vm;               /* whose slice is open */
    uint64_t cpu_mark;              /* the thread's CPU clock when it was last read */
    unsigned stays;                 /* times in the open slice that it could not make way */
    uint64_t debt_ns;               /* of handlers that blocked the thread, as of debt_at */
    uint64_t debt_at;               /* monotonic */
};

/* Installs signal handler and step check, once per process. */
void rd_slice_init(void);
/* The clock of this thread from now on, NULL: none; returns the one before. */
struct rd_slice_clock *rd_slice_own(struct rd_slice_clock *c);
/* The signal that the watchdog sends. */
int rd_slice_signal(void);

/* In each new VM, protected: makes room for the error of a kill. */
void rd_slice_vm_open(lua_State *L);

/* Reads the CPU clock: at the start of a batch of slices, so that not every slice has to. */
void rd_slice_mark(struct rd_slice_clock *c);
/* A slice of vm begins, in coroutine L, for the budget in vm->budget. */
void rd_slice_open(struct rd_slice_clock *c, struct rd_vm *vm, lua_State *L, uint64_t now_ns);
/*
 * It ends at its first instruction if those before it have used up the budget: where they ended by
 * waiting, before the tick, nobody looked at it.
 */
void rd_slice_limit(struct rd_slice_clock *c);
/* It is over: charges its CPU time to the budget; parks for ever if the thread is lost. */
void rd_slice_close(struct rd_slice_clock *c, uint64_t now_ns);

/* A coroutine of the script is resumed inside the slice. */
static inline void
rd_slice_switch(struct rd_slice_clock *c, lua_State *L)
{
    atomic_store_explicit(&c->running, L, memory_order_relaxed);
}

static inline lua_State *
rd_slice_running(struct rd_slice_clock *c)
{
    return atomic_load_explicit(&c->running, memory_order_relaxed);
}

/* One has come back to L: a tick meanwhile has armed it, which will run no instruction any more. */
void rd_slice_back(struct rd_slice_clock *c, lua_State *L);
/* Makes the hook run at the next instruction of the running coroutine. */
void rd_slice_arm(struct rd_slice_clock *c);
/* Raises the error of a killed budget. */
int rd_slice_raise(lua_State *L);
/* It is: what takes long should not begin. */
bool rd_slice_is_killed(lua_State *L);
/* Raises it where the budget is killed already; the hook stays armed in L. */
void rd_slice_check(lua_State *L);
/* A yield from L reaches the scheduler. */
bool rd_slice_can_yield(lua_State *L);
/* Never returns: what a lost thread does when it comes back. */
_Noreturn void rd_slice_park(void);

#endif
