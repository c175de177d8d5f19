/*
 * await.c - replyd.spawn, all, race and timeout: coroutines beside the handler's own.
 *
 * A group is the op that the caller waits for. It is settled once: by its
 * children, its timer, or the caller's cancellation; children that still run
 * are cancelled then, and end after it without it.
 */
#include <stdlib.h>

#include <lauxlib.h>
#include <lua_replyd.h>

#include "base/mem.h"
#include "script/child.h"
#include "script/docs.h"
#include "script/slice.h"

enum group_kind { GROUP_ALL, GROUP_RACE, GROUP_TIMEOUT };

struct group_slot {
    struct rd_thread thread;    /* before its start the function, after its end the results */
    struct rd_run *run;         /* while it runs */
    int n_results;
    bool failed;                /* the one result is the error */
};

struct group {
    struct rd_op op;
    enum group_kind kind;
    struct rd_run *parent;
    struct rd_vm *vm;
    uv_timer_t timer;
    bool has_timer;             /* the handle is initialised */
    uint64_t ms;                /* of timeout */
    bool settled;
    int winner;                 /* slot that decided, -1: none */
    unsigned n, left;
    struct group_slot slots[];
};

/* ---- the op -------------------------------------------------------------------- */

static void
group_cancel_children(struct group *g)
{
    for (unsigned i = 0; i < g->n; i++)
        if (g->slots[i].run != NULL)
            rd_run_cancel(g->slots[i].run, RD_OUTCOME_cancelled);
}

/* Those that lost are closed before the caller goes on: they are queued before it. */
static void
group_settle(struct group *g, int winner)
{
    if (g->settled)
        return;
    g->settled = true;
    g->winner = winner;
    group_cancel_children(g);
    if (g->has_timer)
        uv_timer_stop(&g->timer);
    rd_op_done(&g->op, 0);
}

static void
group_on_over(struct rd_run *child, void *group)
{
    struct group *g = group;
    unsigned i = 0;

    while (g->slots[i].run != child)
        i++;
    g->slots[i].run = NULL;
    g->slots[i].thread = child->thread;
    g->slots[i].n_results = child->n_results;
    g->slots[i].failed = child->failed || child->cancelled;
    child->thread.L = NULL;
    g->left--;
    if (g->kind != GROUP_ALL || g->slots[i].failed || g->left == 0)
        group_settle(g, (int)i);
}

static void
group_on_timer(uv_timer_t *timer)
{
    group_settle(timer->data, -1);
}

static int
group_start(struct rd_op *op, uv_loop_t *loop)
{
    struct group *g = (struct group *)op;

    for (unsigned i = 0; i < g->n; i++)
        g->slots[i].run = rd_child_start(g->parent, g->slots[i].thread, group_on_over, g);
    for (unsigned i = 0; i < g->n; i++)
        g->slots[i].thread.L = NULL;
    if (g->kind != GROUP_TIMEOUT)
        return 0;
    uv_timer_init(loop, &g->timer);
    g->has_timer = true;
    g->timer.data = g;
    uv_update_time(loop);
    uv_timer_start(&g->timer, group_on_timer, g->ms, 0);
    return 0;
}

static void
group_cancel(struct rd_op *op)
{
    struct group *g = (struct group *)op;

    g->settled = true;
    group_cancel_children(g);
    if (g->has_timer)
        uv_timer_stop(&g->timer);
}

/* The error of a child is the caller's error. */
static int
group_push_error(struct group *g, lua_State *L)
{
    struct group_slot *s = &g->slots[g->winner];

    if (s->n_results > 0)
        lua_xmove(s->thread.L, L, 1);
    else
        lua_pushliteral(L, "a coroutine was cancelled");
    return lua_error(L);
}

/* One value of each, in order. */
static int
group_push_all(struct group *g, lua_State *L)
{
    luaL_checkstack(L, (int)g->n, "too many results");
    for (unsigned i = 0; i < g->n; i++) {
        lua_State *from = g->slots[i].thread.L;

        if (g->slots[i].n_results == 0) {
            lua_pushnil(L);
            continue;
        }
        lua_pushvalue(from, -g->slots[i].n_results);
        lua_xmove(from, L, 1);
    }
    return (int)g->n;
}

static int
group_push(struct rd_op *op, lua_State *L)
{
    struct group *g = (struct group *)op;
    struct group_slot *s = &g->slots[g->winner >= 0 ? g->winner : 0];

    rd_slice_check(L);    /* a child may have used up what is the whole family's */
    if (g->winner < 0) {
        lua_pushnil(L);
        return 1 + rd_lua_push_error(L, "timeout", 0, "not done within %.3g s",
                                     (double)g->ms / 1e3);
    }
    if (s->failed)
        return group_push_error(g, L);
    if (g->kind == GROUP_ALL)
        return group_push_all(g, L);
    luaL_checkstack(L, s->n_results, "too many results");
    lua_xmove(s->thread.L, L, s->n_results);
    return s->n_results;
}

static void
group_on_close(uv_handle_t *handle)
{
    free(handle->data);
}

/* Children that have not ended yet go on to their end without it. */
static void
group_release(struct rd_op *op)
{
    struct group *g = (struct group *)op;

    for (unsigned i = 0; i < g->n; i++) {
        if (g->slots[i].run != NULL)
            g->slots[i].run->over = NULL;
        if (g->slots[i].thread.L != NULL)
            rd_vm_give_thread(g->vm, g->slots[i].thread);
    }
    if (g->has_timer)
        uv_close((uv_handle_t *)&g->timer, group_on_close);
    else
        free(g);
}

/* The results of those that have ended. */
static size_t
group_weigh(struct rd_op *op, lua_State *L)
{
    const struct group *g = (struct group *)op;
    size_t n = 0;

    for (unsigned i = 0; i < g->n; i++)
        if (g->slots[i].thread.L != NULL)
            n += lua_weighthread(L, g->slots[i].thread.L);
    return n;
}

static const struct rd_op_class group_classes[] = {
    { "replyd.all", group_start, group_cancel, group_push, group_release, group_weigh },
    { "replyd.race", group_start, group_cancel, group_push, group_release, group_weigh },
    { "replyd.timeout", group_start, group_cancel, group_push, group_release, group_weigh },
};

/* ---- the functions --------------------------------------------------------------- */

static struct group *
group_new(lua_State *L, enum group_kind kind, unsigned n)
{
    struct rd_run *run = rd_run_of(L);
    struct group *g;

    if (run == NULL)
        luaL_error(L, "%s cannot wait while a script is loaded", group_classes[kind].name);
    g = rd_calloc(1, sizeof *g + n * sizeof *g->slots);
    g->op.cls = &group_classes[kind];
    g->kind = kind;
    g->parent = run;
    g->vm = rd_vm_of(L);
    return g;
}

/* Protected: the coroutines of a group; arguments: the group, then its functions' holder. */
static int
group_fill(lua_State *L)
{
    struct group *g = lua_touserdata(L, 1);

    for (lua_Integer i = 1; g->n < g->left; i++) {
        if (lua_istable(L, 2))
            lua_rawgeti(L, 2, i);
        else
            lua_pushvalue(L, 2);
        g->slots[g->n].thread = rd_child_prepare(L, -1);
        g->n++;
        lua_pop(L, 1);
    }
    return 0;
}

/* The functions are in the table, or are the one function, at `index`. */
static int
group_await(lua_State *L, enum group_kind kind, int index, unsigned n, uint64_t ms)
{
    struct group *g = group_new(L, kind, n);

    g->left = n;
    g->ms = ms;
    lua_pushcfunction(L, group_fill);
    lua_pushlightuserdata(L, g);
    lua_pushvalue(L, index);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
        group_release(&g->op);
        return lua_error(L);
    }
    return rd_op_await(L, &g->op);
}

/* A function under a name would never run, and nobody would know. */
static void
await_check_keys(lua_State *L, lua_Integer n)
{
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
        if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 && lua_tointeger(L, -2) <= n)
            continue;
        lua_pushfstring(L, "a list of functions expected, got one with the key '%s'",
                        luaL_tolstring(L, -2, NULL));
        luaL_argerror(L, 1, lua_tostring(L, -1));
    }
}

/* How many functions the list has; raises for anything else in it. */
static unsigned
await_count(lua_State *L, const char *name)
{
    lua_Integer n;

    if (!lua_istable(L, 1))
        luaL_typeerror(L, 1, "a list of functions");
    n = (lua_Integer)lua_rawlen(L, 1);
    await_check_keys(L, n);
    luaL_argcheck(L, n <= RD_CHILDREN_MOST, 1, "more than 1000 functions");
    for (lua_Integer i = 1; i <= n; i++) {
        if (lua_rawgeti(L, 1, i) != LUA_TFUNCTION)
            luaL_error(L, "%s: number %d of the list is no function but %s", name, (int)i,
                       luaL_typename(L, -1));
        lua_pop(L, 1);
    }
    return (unsigned)n;
}

static int
await_all(lua_State *L)
{
    unsigned n = await_count(L, "replyd.all");

    return n > 0 ? group_await(L, GROUP_ALL, 1, n, 0) : 0;
}

static int
await_race(lua_State *L)
{
    unsigned n = await_count(L, "replyd.race");

    luaL_argcheck(L, n > 0, 1, "nobody races: the list is empty");
    return group_await(L, GROUP_RACE, 1, n, 0);
}

static int
await_timeout(lua_State *L)
{
    uint64_t ms = rd_lua_check_duration(L, 1);

    luaL_checktype(L, 2, LUA_TFUNCTION);
    return group_await(L, GROUP_TIMEOUT, 2, 1, ms);
}

static int
await_spawn(lua_State *L)
{
    struct rd_thread thread;

    luaL_checktype(L, 1, LUA_TFUNCTION);
    thread = rd_child_prepare(L, 1);
    rd_child_start(rd_run_of(L), thread, NULL, NULL);
    return 0;
}

const struct rd_lua_fn rd_lua_await_rows[] = {
    { "spawn", await_spawn, "spawn(f)",
      "Runs f beside the handler. It may go on after the handler's end, up to late_limit, but ends "
      "with a handler that fails or is cancelled; msg:reply is an error then. An error in it is "
      "logged. It is not run again after a crash. A handler has at most 1000 coroutines of spawn, "
      "all, race and timeout at a time." },
    { "all", await_all, "all{f, ...}",
      "Runs the functions beside each other and waits for all: the first result of each, in "
      "order. An error in one cancels the others and is raised." },
    { "race", await_race, "race{f, ...}",
      "Runs the functions beside each other: the results of the first that ends, or its error; "
      "the others are cancelled." },
    { "timeout", await_timeout, "timeout(duration, f)",
      "The results of f; nil and an error of kind \"timeout\" when it takes longer: then it is "
      "cancelled." },
    { NULL, NULL, NULL, NULL },
};
