/*
 * plugin.c - the plugins that are linked in: their hooks, what they may ask.
 *
 * Nothing here names a plugin: rd_plugins is made by the build.
 */
#include "script/plugin.h"

#include <lauxlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "script/docs.h"
#include "script/generation.h"
#include "script/run.h"
#include "script/slice.h"
#include "script/vm.h"

#define PLUGIN_NO_DEADLINE 1e9    /* seconds: outside of a handler */

static int64_t (*plugin_option_number)(void *snapshot, const char *key);
static const char *(*plugin_option_text)(void *snapshot, const char *key);

int
rd_script_init(const char **why)
{
    int error = 0;

    rd_slice_init();
    rd_script_register("return", rd_lua_handler_rows);
    rd_script_register("", rd_lua_time_rows);
    rd_script_register("", rd_lua_await_rows);
    rd_script_register("", rd_lua_reply_rows);
    rd_script_register("log", rd_lua_log_rows);
    for (unsigned i = 0; rd_plugins[i] != NULL && error == 0; i++) {
        const struct rd_plugin *p = rd_plugins[i];

        *why = p->name;
        if (p->abi != RD_PLUGIN_ABI)
            error = RD_E_UNSUPPORTED;
        else if (p->load != NULL && p->load() != 0)
            error = RD_E_LOAD;
        else if (p->functions != NULL)
            rd_script_register(p->name, p->functions);
    }
    return error;
}

void
rd_script_exit(void)
{
    for (unsigned i = 0; rd_plugins[i] != NULL; i++)
        if (rd_plugins[i]->unload != NULL)
            rd_plugins[i]->unload();
}

int
rd_plugins_thread_start(uv_loop_t *loop)
{
    int error = 0;

    for (unsigned i = 0; rd_plugins[i] != NULL && error == 0; i++)
        if (rd_plugins[i]->thread_start != NULL)
            error = rd_plugins[i]->thread_start(loop) == 0 ? 0 : RD_E_LOAD;
    return error;
}

void
rd_plugins_thread_stop(uv_loop_t *loop)
{
    for (unsigned i = 0; rd_plugins[i] != NULL; i++)
        if (rd_plugins[i]->thread_stop != NULL)
            rd_plugins[i]->thread_stop(loop);
}

void
rd_plugins_vm_open(lua_State *L)
{
    for (unsigned i = 0; rd_plugins[i] != NULL; i++) {
        if (rd_plugins[i]->vm_open == NULL)
            continue;
        lua_getfield(L, -1, rd_plugins[i]->name);
        if (rd_plugins[i]->vm_open(L) != 0)
            luaL_error(L, "plugin %s refused to open", rd_plugins[i]->name);
        lua_pop(L, 1);
    }
}

/* ---- replyd.h: what a plugin may ask --------------------------------------- */

const char *
rd_plugin_param(lua_State *L, const char *name, size_t *length)
{
    struct rd_run *run = rd_run_of(L);
    struct rd_slice value = { NULL, 0 };

    if (run != NULL && run->order.param != NULL)
        value = run->order.param(run->order.order, rd_slice_str(name));
    if (length != NULL)
        *length = value.n;
    return value.p;
}

double
rd_plugin_time_left(lua_State *L)
{
    struct rd_run *run = rd_run_of(L);
    uint64_t at = 0, now = rd_clock_ns();

    if (run != NULL && run->order.deadline_ns != NULL)
        at = run->order.deadline_ns(run->order.order);
    if (at == 0)
        return PLUGIN_NO_DEADLINE;
    return at > now ? (double)(at - now) / (double)RD_SECOND : 0;
}

void
rd_script_set_options(int64_t (*number)(void *snapshot, const char *key),
                      const char *(*text)(void *snapshot, const char *key))
{
    plugin_option_number = number;
    plugin_option_text = text;
}

int64_t
rd_plugin_option_int(lua_State *L, const char *key)
{
    struct rd_generation *g = rd_generation_of(L);

    return plugin_option_number != NULL ? plugin_option_number(g->snapshot, key) : 0;
}

const char *
rd_plugin_option_str(lua_State *L, const char *key)
{
    struct rd_generation *g = rd_generation_of(L);

    return plugin_option_text != NULL ? plugin_option_text(g->snapshot, key) : NULL;
}
