/*
 * body.c - what runs inside the coroutine of a run.
 *
 * The outermost function is a protected call in C, so that errors are caught
 * inside the coroutine: that restores the hook after an error that a hook
 * raised, and runs __close handlers under budget.
 */
#include "script/run.h"

#include <string.h>

#include "script/generation.h"
#include "script/reply_value.h"
#include "script/report.h"

static int
body_after(lua_State *L, int status, lua_KContext ctx)
{
    (void)ctx;
    if (status == LUA_OK || status == LUA_YIELD)
        return 0;
    rd_run_of(L)->failed = true;
    return 1;    /* the error, for the `error` handler */
}

/* The function under the arguments is called protected, with our message handler. */
static int
body_protect(lua_State *L, int n_args)
{
    lua_pushcfunction(L, rd_report_on_error);
    lua_insert(L, 1);
    return body_after(L, lua_pcallk(L, n_args, 0, 1, 0, body_after), 0);
}

static int
body_convert(lua_State *L, int status, lua_KContext ctx)
{
    struct rd_run *run = rd_run_of(L);

    (void)status;
    (void)ctx;
    if (run->order.handler != RD_HANDLER_STATUS && run->order.handler != RD_HANDLER_SCHEDULE)
        run->reply = rd_reply_from_results(L, lua_gettop(L));
    return 0;
}

static int
body_ref(const struct rd_run *run)
{
    const struct rd_vm_script *s = &run->vm->scripts[run->order.script];

    if (run->in_error)
        return s->error;
    switch (run->order.handler) {
    case RD_HANDLER_MESSAGE:
        return s->message;
    case RD_HANDLER_STATUS:
        return s->status;
    case RD_HANDLER_OPT_OUT:
        return s->opt_out;
    case RD_HANDLER_KEYWORD:
        return s->keywords[run->order.keyword];
    case RD_HANDLER_SCHEDULE:
        return s->entries[run->order.keyword];
    }
    return LUA_NOREF;
}

void
rd_run_push_handler(lua_State *L)
{
    int ref = body_ref(rd_run_of(L));

    if (ref == LUA_NOREF)
        lua_pushnil(L);
    else
        lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
}

void
rd_run_push_returned(lua_State *L)
{
    lua_Debug ar;

    rd_run_push_handler(L);
    if (!lua_isfunction(L, -1)) {
        lua_pop(L, 1);
        lua_pushliteral(L, "");
        return;
    }
    lua_getinfo(L, ">S", &ar);
    if (ar.linedefined > 0)
        lua_pushfstring(L, "%s: in what the function of line %d returned", ar.short_src,
                        ar.linedefined);
    else
        lua_pushliteral(L, "in what the handler returned");
}

static int
body_push_event(lua_State *L)
{
    struct rd_run *run = rd_run_of(L);

    return run->order.push_event != NULL ? run->order.push_event(L, run->order.order) : 0;
}

/* Protected: the handler, or a keyword's value; a missing handler has nothing to say. */
static int
body_call(lua_State *L)
{
    int n;

    rd_run_push_handler(L);
    if (lua_type(L, -1) == LUA_TFUNCTION) {
        n = body_push_event(L);
        lua_callk(L, n, LUA_MULTRET, 0, body_convert);
    }
    return body_convert(L, LUA_OK, 0);
}

/* Lua's own sentence of a want of memory names neither the place nor the limit; the log's does. */
static void
body_explain_want(lua_State *L)
{
    struct rd_buf *trace = &rd_run_of(L)->trace;

    if (lua_type(L, 1) == LUA_TSTRING && strcmp(lua_tostring(L, 1), "not enough memory") == 0
        && trace->n > 0) {
        lua_pushlstring(L, trace->p, rd_slice_find(rd_buf_slice(trace), '\n'));
        lua_replace(L, 1);
    }
    rd_buf_reset(trace);    /* what follows is another error's */
}

/* Protected: error(err, msg); the error is the argument. */
static int
body_call_error(lua_State *L)
{
    int n;

    body_explain_want(L);
    rd_run_push_handler(L);
    lua_insert(L, 1);
    n = body_push_event(L);
    lua_callk(L, 1 + n, LUA_MULTRET, 0, body_convert);
    return body_convert(L, LUA_OK, 0);
}

struct rd_run *
rd_run_of(lua_State *L)
{
    return rd_vm_of(L)->run;
}

void *
rd_run_order_of(struct rd_run *run)
{
    RD_CHECK(run, RD_RUN_MAGIC);
    return run->order.order;
}

int
rd_run_body(lua_State *L)
{
    lua_pushcfunction(L, body_call);
    return body_protect(L, 0);
}

int
rd_run_error_body(lua_State *L)
{
    lua_pushcfunction(L, body_call_error);
    lua_insert(L, 1);
    return body_protect(L, 1);
}

static int
body_child_after(lua_State *L, int status, lua_KContext ctx)
{
    (void)ctx;
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - 1;    /* above the message handler: its results */
    rd_run_of(L)->failed = true;
    return 1;
}

int
rd_run_child_body(lua_State *L)
{
    lua_pushcfunction(L, rd_report_on_error);
    lua_insert(L, 1);
    return body_child_after(L, lua_pcallk(L, 0, LUA_MULTRET, 1, 0, body_child_after), 0);
}
