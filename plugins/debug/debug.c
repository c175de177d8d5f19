/*
 * debug.c - what tests need to provoke: C code that blocks, spins, waits, fails.
 *
 * Linked into test builds only. Nothing here obeys the rules for plugins on
 * purpose: block() does not come back when a signal asks it to.
 */
#include "replyd.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lauxlib.h>

/* ops of debug.delay and debug.wait_event in the whole process */
static struct {
    atomic_long started, done, cancelled, released;
} debug_ops;

static struct timespec
debug_seconds(lua_State *L, int arg)
{
    double s = luaL_checknumber(L, arg);
    struct timespec t;

    t.tv_sec = (time_t)s;
    t.tv_nsec = (long)((s - (double)t.tv_sec) * 1e9);
    return t;
}

/* ---- C that does not come back ------------------------------------------------------- */

static int
debug_block(lua_State *L)
{
    struct timespec left = debug_seconds(L, 1);

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
    return 0;
}

static int
debug_spin(lua_State *L)
{
    struct timespec t = debug_seconds(L, 1), now;
    double end;

    clock_gettime(CLOCK_MONOTONIC, &now);
    end = (double)now.tv_sec + (double)t.tv_sec + (double)(now.tv_nsec + t.tv_nsec) / 1e9;
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((double)now.tv_sec + (double)now.tv_nsec / 1e9 < end);
    return 0;
}

static int
debug_alloc(lua_State *L)
{
    lua_newuserdatauv(L, (size_t)luaL_checkinteger(L, 1), 0);
    return 1;
}

static int
debug_fail(lua_State *L)
{
    lua_pushnil(L);
    rd_lua_push_error(L, luaL_optstring(L, 1, "debug"), luaL_optinteger(L, 2, 0), "%s",
                      luaL_optstring(L, 3, "asked to fail"));
    return 2;
}

/* ---- waiting --------------------------------------------------------------------------- */

/* An op that ends after a time, or when its event is signalled on the same thread. */
struct debug_wait {
    struct rd_op op;
    int started;
    uv_timer_t *timer;              /* NULL: it waits for the event */
    uint64_t ms;
    struct debug_wait *next;        /* those that wait for an event, of this thread */
    char event[];
};

static _Thread_local struct debug_wait *debug_waiting;

static void
debug_on_timer(uv_timer_t *timer)
{
    struct debug_wait *w = timer->data;

    atomic_fetch_add(&debug_ops.done, 1);
    rd_op_done(&w->op, 0);
}

static int
wait_start(struct rd_op *op, uv_loop_t *loop)
{
    struct debug_wait *w = (struct debug_wait *)op;

    atomic_fetch_add(&debug_ops.started, 1);
    w->started = 1;
    if (w->timer != NULL) {
        uv_timer_init(loop, w->timer);
        w->timer->data = w;
        uv_update_time(loop);
        return uv_timer_start(w->timer, debug_on_timer, w->ms, 0);
    }
    w->next = debug_waiting;
    debug_waiting = w;
    return 0;
}

static void
debug_unlink(struct debug_wait *w)
{
    struct debug_wait **at;

    for (at = &debug_waiting; *at != NULL; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            return;
        }
}

static void
wait_cancel(struct rd_op *op)
{
    struct debug_wait *w = (struct debug_wait *)op;

    atomic_fetch_add(&debug_ops.cancelled, 1);
    if (w->timer != NULL)
        uv_timer_stop(w->timer);
    debug_unlink(w);
}

static int
wait_push(struct rd_op *op, lua_State *L)
{
    lua_pushboolean(L, op->status == 0);
    return 1;
}

static void
debug_on_close(uv_handle_t *handle)
{
    free(handle);
}

static void
wait_release(struct rd_op *op)
{
    struct debug_wait *w = (struct debug_wait *)op;

    if (w->started)
        atomic_fetch_add(&debug_ops.released, 1);
    if (w->started && w->timer != NULL)
        uv_close((uv_handle_t *)w->timer, debug_on_close);
    else
        free(w->timer);
    free(w);
}

static const struct rd_op_class debug_wait_class = {
    "debug", wait_start, wait_cancel, wait_push, wait_release, NULL,
};

static struct debug_wait *
debug_new_wait(lua_State *L, const char *event)
{
    struct debug_wait *w = calloc(1, sizeof *w + strlen(event) + 1);

    if (w == NULL) {
        luaL_error(L, "out of memory");
        abort();    /* not reached: luaL_error does not return */
    }
    w->op.cls = &debug_wait_class;
    memcpy(w->event, event, strlen(event) + 1);
    return w;
}

static int
debug_delay(lua_State *L)
{
    uint64_t ms = rd_lua_check_duration(L, 1);
    struct debug_wait *w = debug_new_wait(L, "");

    w->ms = ms;
    w->timer = calloc(1, sizeof *w->timer);
    if (w->timer == NULL) {
        free(w);
        return luaL_error(L, "out of memory");
    }
    return rd_op_await(L, &w->op);
}

static const char *
debug_event(lua_State *L)
{
    size_t n;
    const char *name = luaL_checklstring(L, 1, &n);

    luaL_argcheck(L, n > 0 && n < 32, 1, "1 to 31 bytes");
    return name;
}

static int
debug_wait_event(lua_State *L)
{
    struct debug_wait *w = debug_new_wait(L, debug_event(L));

    return rd_op_await(L, &w->op);
}

static int
debug_signal(lua_State *L)
{
    const char *name = debug_event(L);
    struct debug_wait *w, *next;
    lua_Integer n = 0;

    for (w = debug_waiting; w != NULL; w = next) {
        next = w->next;
        if (strcmp(w->event, name) != 0)
            continue;
        debug_unlink(w);
        atomic_fetch_add(&debug_ops.done, 1);
        rd_op_done(&w->op, 0);
        n++;
    }
    lua_pushinteger(L, n);
    return 1;
}

static int
debug_counters(lua_State *L)
{
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, atomic_load(&debug_ops.started));
    lua_setfield(L, -2, "started");
    lua_pushinteger(L, atomic_load(&debug_ops.done));
    lua_setfield(L, -2, "done");
    lua_pushinteger(L, atomic_load(&debug_ops.cancelled));
    lua_setfield(L, -2, "cancelled");
    lua_pushinteger(L, atomic_load(&debug_ops.released));
    lua_setfield(L, -2, "released");
    return 1;
}

/* ---- what a plugin may ask --------------------------------------------------------------- */

static int
debug_param(lua_State *L)
{
    size_t n;
    const char *value = rd_plugin_param(L, luaL_checkstring(L, 1), &n);

    if (value == NULL)
        lua_pushnil(L);
    else
        lua_pushlstring(L, value, n);
    return 1;
}

static int
debug_time_left(lua_State *L)
{
    lua_pushnumber(L, rd_plugin_time_left(L));
    return 1;
}

static const struct rd_lua_fn debug_functions[] = {
    { "block", debug_block, "debug.block(seconds)",
      "Blocks its whole thread in a system call, whatever signals come." },
    { "spin", debug_spin, "debug.spin(seconds)", "Keeps its whole thread busy in C." },
    { "alloc", debug_alloc, "debug.alloc(bytes)", "A block of memory of the VM." },
    { "fail", debug_fail, "debug.fail([kind [, code [, message]]])",
      "Returns nil and an error value." },
    { "delay", debug_delay, "debug.delay(duration)", "Waits as an operation of a plugin; true." },
    { "wait_event", debug_wait_event, "debug.wait_event(name)",
      "Waits until another handler of the same thread signals the name; true." },
    { "signal", debug_signal, "debug.signal(name)",
      "Wakes all that wait for the name on this thread; returns how many." },
    { "counters", debug_counters, "debug.counters()",
      "Operations of delay and wait_event so far: { started=, done=, cancelled=, released= }." },
    { "param", debug_param, "debug.param(name)", "A parameter of the running message, or nil." },
    { "time_left", debug_time_left, "debug.time_left()",
      "Seconds until the running handler's deadline." },
    { NULL, NULL, NULL, NULL },
};

const struct rd_plugin rd_plugin_debug = {
    .abi = RD_PLUGIN_ABI,
    .name = "debug",
    .sentence = "Provokes faults; test builds only.",
    .functions = debug_functions,
};
