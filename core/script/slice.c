/*
 * slice.c - see slice.h. Called by the scheduler around each resume, by Lua
 * through the hook, by the kernel through the signal handler.
 */
#include "script/slice.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua_replyd.h>

#include "base/clock.h"
#include "base/metric.h"
#include "loop/bell.h"
#include "script/run.h"
#include "script/vm.h"
#include "script/weigh.h"

#define SLICE_SIGNAL SIGURG    /* ignored by default, so a stray one harms nobody */

#define SLICE_AGAIN 16         /* signals from one arming to the next of a hook that stays armed */
#define SLICE_LONG (3 * RD_MS) /* from here on a look at the CPU clock is worth its price */

#if defined RD_TSAN
#define SLICE_SLOW 10          /* times that C is slower than elsewhere */
#elif defined __SANITIZE_ADDRESS__
#define SLICE_SLOW 4
#else
#define SLICE_SLOW 1
#endif

/*
 * CPU time in one slice that a handler may take where it cannot make way, less the thread's debt:
 * half of what others were ended for, a third where the debt ended them sooner (or they would keep
 * it alive for those behind them), a sixth of what others took and ended by themselves. It is paid
 * back at a twentieth of the time that passes, and forgotten when nobody waits any more. So some
 * dozens of them at once hold up the others for less than a second, and one that sorts for 50 ms
 * may do so a few times a second.
 */
#define SLICE_BLOCKED (100 * RD_MS * SLICE_SLOW)
#define SLICE_BLOCKED_LEAST (15 * RD_MS * SLICE_SLOW)
#define SLICE_STAYS 4    /* looks at the clock before: one long collection is not the handler's */
#define SLICE_PAID_BACK(ns) ((ns) / 20)

#define SLICE_LOAD_STEPS 64    /* in C between two looks of a load: each may copy megabytes */

#ifdef RD_TSAN
#define SLICE_POLLS 1          /* TSan holds signals back: the hook looks by itself */
#define SLICE_COUNT 50         /* instructions between two looks where the hook is always on */
#else
#define SLICE_POLLS 0
#define SLICE_COUNT 1000
#endif

static _Thread_local struct rd_slice_clock *slice_own;
static pthread_once_t slice_once = PTHREAD_ONCE_INIT;

static char slice_told_key;    /* its address: the registry's error of the last kill */

static void slice_on_hook(lua_State *L, lua_Debug *ar);

static void
slice_disarm(struct rd_slice_clock *c, lua_State *L)
{
    if (SLICE_POLLS || c->loading)
        lua_sethook(L, slice_on_hook, LUA_MASKCOUNT, SLICE_COUNT);
    else
        lua_sethook(L, NULL, 0, 0);
}

void
rd_slice_arm(struct rd_slice_clock *c)
{
    lua_State *L = rd_slice_running(c);

    if (L != NULL)
        lua_sethook(L, slice_on_hook, LUA_MASKCOUNT, 1);
}

static bool
slice_is_due(struct rd_slice_clock *c)
{
    return atomic_load_explicit(&c->due, memory_order_acquire) ==
           atomic_load_explicit(&c->number, memory_order_relaxed);
}

static bool
slice_is_armed(lua_State *L)
{
    return lua_gethook(L) == slice_on_hook && lua_gethookcount(L) == 1;
}

/*
 * Arming walks the whole call stack, which below a deep recursion can take longer than a tick: not
 * at every signal, then. But now and then, for Lua may just have turned off its frame's own trap.
 */
static bool
slice_shall_arm(lua_State *L, uint64_t number)
{
    return !slice_is_armed(L) || number % SLICE_AGAIN == 0;
}

void
rd_slice_back(struct rd_slice_clock *c, lua_State *L)
{
    rd_slice_switch(c, L);
    if (slice_is_due(c))
        rd_slice_arm(c);
}

/* Between any two instructions of the worker: stores, rings, and lua_sethook, which allows it. */
static void
slice_on_signal(int number)
{
    struct rd_slice_clock *c = slice_own;
    uint64_t handled;

    (void)number;
    if (c == NULL || rd_slice_running(c) == NULL || !slice_is_due(c))
        return;    /* late: that slice is over */
    handled = atomic_fetch_add_explicit(&c->handled, 1, memory_order_relaxed);
    lua_stepsleft = 0;    /* loops in C ask at their next turn */
    rd_bell_on_signal();    /* what earlier runs posted need not wait for this one */
    if (slice_shall_arm(rd_slice_running(c), handled))
        rd_slice_arm(c);
}

/*
 * The open slice has taken more CPU time: both bounds are true, the second is dear to read. A load
 * that waited for a CPU is taken as begun later, or it would be read at each look from now on.
 */
static bool
slice_is_beyond(struct rd_slice_clock *c, uint64_t ns)
{
    uint64_t now = rd_clock_ns(), cpu;

    if (now - atomic_load_explicit(&c->start_ns, memory_order_relaxed) <= ns)
        return false;
    cpu = rd_clock_cpu_ns() - c->cpu_mark;
    if (c->loading)
        atomic_store_explicit(&c->start_ns, now - cpu, memory_order_relaxed);
    return cpu > ns;
}

static bool
slice_is_spent(struct rd_slice_clock *c, const struct rd_budget *b)
{
    return b->cpu_ns > b->cpu_limit_ns || slice_is_beyond(c, b->cpu_limit_ns - b->cpu_ns);
}

void
rd_slice_vm_open(lua_State *L)
{
    lua_pushliteral(L, "not enough memory");    /* Lua itself keeps one */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &slice_told_key);
}

/*
 * The error of a kill, with its place, kept for all that it raises: what is raised a million times
 * on its way out, or in a full VM, must neither take memory nor look where it is.
 */
static void
slice_tell(lua_State *L, struct rd_vm *vm, const struct rd_budget *b)
{
    char want[RD_VM_WANT];

    vm->told = b;
    rd_slice_vm_open(L);    /* if there is no memory for more */
    luaL_where(L, 0);
    if (lua_rawlen(L, -1) > 0)
        lua_pushliteral(L, "");
    else if (b->killed == RD_KILLED_MEMORY && vm->where[0] != '\0')    /* where it was refused */
        lua_pushfstring(L, "%s: ", vm->where);
    else
        luaL_where(L, 1);    /* inside a C function */
    if (b->killed == RD_KILLED_MEMORY)
        lua_pushstring(L, rd_vm_want(vm, b, want));
    else if (b->killed == RD_KILLED_BLOCKED)
        lua_pushfstring(L, "everybody else waited for more than %d ms: inside a callback of "
                        "table.sort or string.gsub, a metamethod or a long library call no other "
                        "handler can run: do less at a time there, or do it before or after",
                        (int)b->blocked_ms);
    else
        lua_pushfstring(L, "the CPU budget of %d ms is used up",
                        (int)(b->cpu_limit_ns / RD_MS));
    lua_concat(L, 3);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &slice_told_key);
}

int
rd_slice_raise(lua_State *L)
{
    struct rd_vm *vm = rd_vm_of(L);
    const struct rd_budget *b = vm->budget;

    lua_stepsleft = 0;    /* sticky in C, too: a loop that goes on asks at once */
    if (!lua_checkstack(L, LUA_MINSTACK)) {    /* a metamethod's call has little, and may be deep */
        lua_pop(L, 1);
        if (vm->told != b)
            rd_slice_vm_open(L);
    } else if (vm->told != b) {
        slice_tell(L, vm, b);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &slice_told_key);
    return lua_error(L);
}

static void
slice_kill(lua_State *L, struct rd_vm *vm, enum rd_killed why)
{
    vm->budget->killed = why;
    vm->told = NULL;
    lua_sethook(L, slice_on_hook, LUA_MASKCOUNT, 1);
    rd_slice_raise(L);
}

bool
rd_slice_is_killed(lua_State *L)
{
    const struct rd_budget *b = rd_vm_of(L)->budget;

    return b != NULL && b->killed != RD_ALIVE;
}

void
rd_slice_check(lua_State *L)
{
    if (!rd_slice_is_killed(L))
        return;
    if (!slice_is_armed(L))    /* an error on its way out asks at each call */
        lua_sethook(L, slice_on_hook, LUA_MASKCOUNT, 1);
    rd_slice_raise(L);
}

static uint64_t
slice_debt(const struct rd_slice_clock *c, uint64_t now_ns)
{
    uint64_t paid = SLICE_PAID_BACK(now_ns - c->debt_at);

    return paid < c->debt_ns ? c->debt_ns - paid : 0;
}

static uint64_t
slice_may_block(const struct rd_slice_clock *c)
{
    uint64_t debt = slice_debt(c, rd_clock_ns()), most = SLICE_BLOCKED - SLICE_BLOCKED_LEAST;

    return SLICE_BLOCKED - (debt < most ? debt : most);
}

/* A slice that took so long in spite of the hook has held up the others. */
static void
slice_owe(struct rd_slice_clock *c, uint64_t cpu_ns, uint64_t now_ns)
{
    const struct rd_budget *b = c->vm->budget;
    bool at_length = b->blocked_ms >= SLICE_BLOCKED / RD_MS / 2;
    unsigned part = b->killed != RD_KILLED_BLOCKED ? 6 : at_length ? 2 : 3;
    uint64_t debt;

    if (cpu_ns < SLICE_BLOCKED_LEAST)
        return;
    debt = slice_debt(c, now_ns) + cpu_ns / part;
    c->debt_ns = debt < SLICE_BLOCKED ? debt : SLICE_BLOCKED;
    c->debt_at = now_ns;
}

/* Where no yield is possible: the next tick asks again, until others have waited long enough. */
static void
slice_stay(lua_State *L, struct rd_vm *vm)
{
    struct rd_slice_clock *c = vm->clock;
    uint64_t may = slice_may_block(c);

    if (c->loading || vm->budget->killed != RD_ALIVE || ++c->stays < SLICE_STAYS ||
        !slice_is_beyond(c, may))
        return;
    vm->budget->blocked_ms = (uint16_t)(may / RD_MS);
    slice_kill(L, vm, RD_KILLED_BLOCKED);
}

/* The handler's charge passed its limit: what is garbage, or others', does not count. */
static void
slice_collect(lua_State *L, struct rd_vm *vm)
{
    struct rd_budget *b = vm->budget;

    lua_gc(L, LUA_GCCOLLECT);
    if (vm->run != NULL)
        rd_weigh(vm->run->worker, vm);
    b->mem_over = false;
    if (b->mem > b->mem_limit)
        slice_kill(L, vm, RD_KILLED_MEMORY);
}

bool
rd_slice_can_yield(lua_State *L)
{
    return lua_isyieldable(L) && rd_vm_of(L)->blocked == 0;
}

/* Always called with the hook still armed; leaves it armed only where it raises. */
static void
slice_on_hook(lua_State *L, lua_Debug *ar)
{
    struct rd_vm *vm = rd_vm_of(L);
    struct rd_slice_clock *c = vm->clock;

    (void)ar;
    if (c != NULL && atomic_load_explicit(&c->dead, memory_order_relaxed))
        rd_slice_park();
    if (c == NULL || vm->budget == NULL) {
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    if (vm->budget->killed != RD_ALIVE)
        rd_slice_raise(L);
    if (vm->budget->mem_over)
        slice_collect(L, vm);
    slice_disarm(c, L);
    if (!c->loading && !slice_is_due(c) && !vm->pressed)
        return;    /* armed for an earlier slice, or by the allocator */
    atomic_fetch_add_explicit(&c->fired, 1, memory_order_relaxed);
    if (slice_is_spent(c, vm->budget))
        slice_kill(L, vm, RD_KILLED_CPU);
    if (c->loading || !rd_slice_can_yield(L)) {
        slice_stay(L, vm);
        return;
    }
    vm->passing = RD_PASS_FORCED;
    lua_yield(L, 0);
}

/* From inside a pattern match or another loop in C, where hooks never fire; must not yield. */
static void
slice_on_steps(lua_State *L)
{
    struct rd_slice_clock *c = slice_own;
    struct rd_budget *b;

    if (c == NULL || c->vm == NULL || c->vm->budget == NULL)
        return;
    if (!c->loading && L == c->vm->L) {    /* only the engine's own small calls: the next asks */
        lua_stepsleft = 0;
        return;
    }
    b = c->vm->budget;
    if (atomic_load_explicit(&c->dead, memory_order_relaxed))
        rd_slice_park();
    if (!c->loading && !slice_is_due(c))
        return;
    rd_slice_check(L);    /* raised again and again it does not get on: not `fired` */
    atomic_fetch_add_explicit(&c->fired, 1, memory_order_relaxed);
    if (slice_is_spent(c, b))
        slice_kill(L, c->vm, RD_KILLED_CPU);
    slice_stay(L, c->vm);
    if (c->loading)
        lua_stepsleft = SLICE_LOAD_STEPS;
}

static void
slice_install(void)
{
    struct sigaction sa = { .sa_handler = slice_on_signal, .sa_flags = SA_RESTART };

    sigemptyset(&sa.sa_mask);
    sigaction(SLICE_SIGNAL, &sa, NULL);
    lua_stepcheck = slice_on_steps;
}

void
rd_slice_init(void)
{
    pthread_once(&slice_once, slice_install);
}

struct rd_slice_clock *
rd_slice_own(struct rd_slice_clock *c)
{
    struct rd_slice_clock *before = slice_own;

    slice_own = c;
    return before;
}

int
rd_slice_signal(void)
{
    return SLICE_SIGNAL;
}

void
rd_slice_mark(struct rd_slice_clock *c)
{
    c->cpu_mark = rd_clock_cpu_ns();
}

void
rd_slice_open(struct rd_slice_clock *c, struct rd_vm *vm, lua_State *L, uint64_t now_ns)
{
    c->vm = vm;
    vm->clock = c;
    vm->passing = RD_PASS_NONE;
    vm->blocked = 0;
    c->stays = 0;
    if (SLICE_POLLS)
        rd_bell_ring_now();    /* no signal will do it */
    if (SLICE_POLLS || c->loading)
        slice_disarm(c, L);
    if (c->loading)
        lua_stepsleft = SLICE_LOAD_STEPS;
    atomic_store_explicit(&c->slice_ns, vm->slice_ns, memory_order_relaxed);
    atomic_store_explicit(&c->start_ns, now_ns, memory_order_relaxed);
    atomic_store_explicit(&c->number, c->number + 1, memory_order_release);
    atomic_store_explicit(&c->running, L, memory_order_release);
}

void
rd_slice_limit(struct rd_slice_clock *c)
{
    struct rd_budget *b = c->vm->budget;

    if (b->killed != RD_ALIVE || b->cpu_ns < b->cpu_limit_ns)
        return;
    b->killed = RD_KILLED_CPU;
    c->vm->told = NULL;
    rd_slice_arm(c);
}

void
rd_slice_close(struct rd_slice_clock *c, uint64_t now_ns)
{
    uint64_t wall = now_ns - atomic_load_explicit(&c->start_ns, memory_order_relaxed);
    uint64_t number = atomic_load_explicit(&c->number, memory_order_relaxed);

    atomic_store_explicit(&c->running, NULL, memory_order_release);
    if (atomic_load_explicit(&c->dead, memory_order_acquire))
        rd_slice_park();
    if (atomic_load_explicit(&c->due, memory_order_relaxed) == number || wall > SLICE_LONG) {
        uint64_t cpu = rd_clock_cpu_ns();

        wall = cpu - c->cpu_mark < wall ? cpu - c->cpu_mark : wall;
        c->cpu_mark = cpu;
        slice_owe(c, wall, now_ns);
    }
    c->vm->budget->cpu_ns += wall;
    c->vm->budget = NULL;
    c->vm = NULL;
}

void
rd_slice_park(void)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (;;)
        pause();
}
