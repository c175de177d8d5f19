/*
 * coroutine.c - the coroutine library of scripts.
 *
 * It behaves as Lua's, but a yield that is not the script's (the slice is over,
 * or an rd_op waits) passes outwards through every resume up to the scheduler,
 * and the way back in is kept in continuations. So scripts may wait inside
 * their own coroutines, and no coroutine can swallow a forced yield.
 */
#include <lauxlib.h>
#include <lua.h>

#include "script/report.h"
#include "script/run.h"
#include "script/sandbox.h"
#include "script/slice.h"
#include "script/vm.h"
#include "script/worker.h"

#define CO_WRAP 1    /* context: the coroutine is the upvalue and errors are raised */

static lua_State *
co_check(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);

    luaL_argexpected(L, co != NULL, 1, "thread");
    return co;
}

static int
co_create(lua_State *L)
{
    lua_State *co;

    luaL_checktype(L, 1, LUA_TFUNCTION);
    co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

/* One resume on the C stack: the clock follows, and where L cannot yield nothing passes. */
static int
co_enter(lua_State *L, lua_State *co, int n_args, int *n_results)
{
    struct rd_vm *vm = rd_vm_of(L);
    unsigned blocked = lua_isyieldable(L) ? 0 : 1;
    int status;

    vm->blocked += blocked;
    rd_slice_switch(vm->clock, co);
    status = lua_resume(co, L, n_args, n_results);
    rd_slice_back(vm->clock, L);
    vm->blocked -= blocked;
    return status;
}

/* Its __close handlers run on it, within the slice. */
static int
co_close_thread(lua_State *L, lua_State *co)
{
    struct rd_slice_clock *clock = rd_vm_of(L)->clock;
    int status;

    rd_slice_switch(clock, co);
    status = lua_closethread(co, L);
    rd_slice_back(clock, L);
    return status;
}

static int
co_fail(lua_State *L, lua_State *co, bool wrap)
{
    rd_slice_check(L);    /* sticky out here, too */
    if (!wrap) {
        lua_pushboolean(L, 0);
        lua_xmove(co, L, 1);
        return 2;
    }
    if (lua_status(co) != LUA_OK && lua_status(co) != LUA_YIELD)
        co_close_thread(L, co);    /* the error stays on its top, or that of a __close */
    lua_xmove(co, L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int co_after(lua_State *L, int status, lua_KContext wrap);

/* Resumes with the n_args values that are already on co's stack. */
static int
co_go(lua_State *L, lua_State *co, int n_args, bool wrap)
{
    int n, status;

    rd_slice_check(L);    /* in there no hook may be armed: a loop would have until the next tick */
    status = co_enter(L, co, n_args, &n);
    if (status == LUA_YIELD && rd_vm_of(L)->passing != RD_PASS_NONE) {
        rd_vm_hold(co, true);
        return lua_yieldk(L, 0, wrap, co_after);
    }
    if (status != LUA_OK && status != LUA_YIELD)
        return co_fail(L, co, wrap);
    if (!lua_checkstack(L, n + 1)) {
        lua_pop(co, n);
        return luaL_error(L, "too many results to resume");
    }
    if (!wrap)
        lua_pushboolean(L, 1);
    lua_xmove(co, L, n);
    return n + !wrap;
}

static lua_State *
co_of(lua_State *L, bool wrap)
{
    return lua_tothread(L, wrap ? lua_upvalueindex(1) : 1);
}

/* What passed outwards has come back. */
static int
co_after(lua_State *L, int status, lua_KContext wrap)
{
    (void)status;
    rd_vm_hold(co_of(L, wrap != 0), false);
    return co_go(L, co_of(L, wrap != 0), 0, wrap != 0);
}

static const char *
co_status_name(lua_State *L, lua_State *co)
{
    lua_Debug ar;

    if (L == co)
        return "running";
    if (rd_vm_is_held(co))
        return "normal";    /* its handler waits, perhaps inside: nobody else goes on with it */
    if (lua_status(co) == LUA_YIELD)
        return "suspended";
    if (lua_status(co) != LUA_OK)
        return "dead";
    if (lua_getstack(co, 0, &ar))
        return "normal";    /* it has resumed another one */
    return lua_gettop(co) == 0 ? "dead" : "suspended";
}

/* Arguments move from L to co; what cannot be resumed is an error value, or raised. */
static int
co_start(lua_State *L, lua_State *co, int n_args, bool wrap)
{
    const char *what = co_status_name(L, co);

    if (what[0] != 's') {    /* not suspended */
        lua_pushfstring(L, "cannot resume %s coroutine", what[0] == 'd' ? "dead" : "non-suspended");
        if (wrap) {
            luaL_where(L, 1);
            lua_insert(L, -2);
            lua_concat(L, 2);
            return lua_error(L);
        }
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    }
    if (!lua_checkstack(co, n_args))
        return luaL_error(L, "too many arguments to resume");
    lua_xmove(L, co, n_args);
    return co_go(L, co, n_args, wrap);
}

static int
co_resume(lua_State *L)
{
    lua_State *co = co_check(L);

    return co_start(L, co, lua_gettop(L) - 1, false);
}

static int
co_wrapped(lua_State *L)
{
    return co_start(L, co_of(L, true), lua_gettop(L), true);
}

static int
co_wrap(lua_State *L)
{
    co_create(L);
    lua_pushcclosure(L, co_wrapped, 1);
    return 1;
}

/* L is the coroutine of a run, or a VM's main thread: a yield would reach the engine. */
static bool
co_is_outermost(lua_State *L)
{
    struct rd_run *run = rd_run_of(L);

    return run != NULL ? run->thread.L == L : rd_vm_of(L)->L == L;
}

static int
co_yield(lua_State *L)
{
    if (co_is_outermost(L))
        return luaL_error(L, "coroutine.yield outside of a coroutine: a handler waits with "
                             "replyd.sleep and the like");
    rd_vm_of(L)->passing = RD_PASS_NONE;
    return lua_yield(L, lua_gettop(L));
}

static int
co_status(lua_State *L)
{
    lua_pushstring(L, co_status_name(L, co_check(L)));
    return 1;
}

static int
co_isyieldable(lua_State *L)
{
    lua_State *co = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;

    lua_pushboolean(L, lua_isyieldable(co) && !co_is_outermost(co));
    return 1;
}

static int
co_running(lua_State *L)
{
    lua_pushthread(L);
    lua_pushboolean(L, co_is_outermost(L));
    return 2;
}

static int
co_close(lua_State *L)
{
    lua_State *co = co_check(L);
    const char *what = co_status_name(L, co);
    int status;

    if (what[0] != 's' && what[0] != 'd')
        return luaL_error(L, "cannot close a %s coroutine", what);
    rd_slice_check(L);
    status = co_close_thread(L, co);
    if (status == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    return co_fail(L, co, false);
}

/* The coroutine that co, which waits, has resumed and that waits in it; NULL: none. */
static lua_State *
co_inner(lua_State *co)
{
    int top = lua_gettop(co);
    lua_State *inner = NULL;
    lua_Debug ar;

    if (lua_status(co) != LUA_YIELD || !lua_checkstack(co, 2) || !lua_getstack(co, 0, &ar))
        return NULL;
    lua_getinfo(co, "f", &ar);
    if (lua_tocfunction(co, -1) == co_wrapped && lua_getupvalue(co, -1, 1) != NULL)
        inner = lua_tothread(co, -1);
    else if (lua_tocfunction(co, -1) == co_resume && lua_getlocal(co, &ar, 1) != NULL)
        inner = lua_tothread(co, -1);
    lua_settop(co, top);
    return inner != NULL && rd_vm_is_held(inner) ? inner : NULL;
}

/* Of one that would have gone on, an error in __close is nobody's yet. */
static void
co_end(struct rd_run *run, lua_State *co)
{
    bool waited = lua_status(co) == LUA_YIELD;

    rd_vm_hold(co, co == run->thread.L);
    rd_slice_back(&run->worker->clock, co);
    if (run->budget.killed != RD_ALIVE)
        rd_slice_arm(&run->worker->clock);
    if (lua_closethread(co, NULL) != LUA_OK && waited)
        rd_report_close(run, co);
}

void
rd_coroutine_end(struct rd_run *run)
{
    lua_State *co;

    do {
        co = run->thread.L;
        for (lua_State *inner = co_inner(co); inner != NULL; inner = co_inner(co))
            co = inner;
        co_end(run, co);
    } while (co != run->thread.L);
}

static const luaL_Reg co_functions[] = {
    { "close", co_close },           { "create", co_create }, { "isyieldable", co_isyieldable },
    { "resume", co_resume },         { "running", co_running }, { "status", co_status },
    { "wrap", co_wrap },             { "yield", co_yield },
    { NULL, NULL },
};

int
rd_coroutine_open(lua_State *L)
{
    luaL_newlib(L, co_functions);
    return 1;
}
