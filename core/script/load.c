/*
 * load.c - building one VM: sandbox, replyd, prelude, scripts. On a loader thread.
 *
 * All of it runs in one protected call under the load budget: an endless loop
 * and an endless table end here, with file and line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "prelude.h"
#include "script/docs.h"
#include "script/generation.h"
#include "script/handlers.h"
#include "script/plugin.h"
#include "script/report.h"
#include "script/sandbox.h"
#include "script/slice.h"
#include "script/weigh.h"

/* replyd: the registered functions, then what plugins and host add. */
static void
load_open_replyd(lua_State *L, const struct rd_generation *g)
{
    lua_newtable(L);
    rd_docs_fill(L);
    rd_plugins_vm_open(L);
    if (g->host != NULL && g->host->vm_open != NULL)
        g->host->vm_open(L, g->host->data);
    lua_settop(L, 1);
    rd_sandbox_add(L, "replyd", true);
}

static void
load_prelude(lua_State *L)
{
    for (const struct rd_prelude_file *f = rd_prelude; f->name != NULL; f++) {
        lua_pushfstring(L, "prelude/%s.lua", f->name);
        if (rd_env_load(L, rd_slice_str(lua_tostring(L, -1)), rd_slice_make(f->data, f->size)) != 0)
            lua_error(L);
        lua_call(L, 0, 0);
        lua_pop(L, 1);
    }
}

static void
load_script(lua_State *L, struct rd_vm *vm, unsigned i)
{
    struct rd_gen_script *script = &vm->generation->scripts[i];
    const struct rd_source *source = rd_generation_find(vm->generation, script->path);

    snprintf(vm->where, sizeof vm->where, "%s", script->path.p);
    if (rd_env_load(L, source->path, source->text) != LUA_OK)
        lua_error(L);
    lua_pushvalue(L, -1);
    lua_call(L, 0, 1);
    rd_handlers_read(L, vm, i);    /* chunk, value */
    lua_settop(L, 0);
}

/* Protected. */
static int
load_all(lua_State *L)
{
    struct rd_vm *vm = rd_vm_of(L);

    rd_slice_vm_open(L);
    rd_sandbox_open(L);
    load_open_replyd(L, vm->generation);
    load_prelude(L);
    for (unsigned i = 0; i < vm->n_scripts; i++)
        load_script(L, vm, i);
    lua_gc(L, LUA_GCCOLLECT);    /* what only the load needed */
    return 0;
}

/* Message handler: where it was raised, for an error that does not say. */
static int
load_on_error(lua_State *L)
{
    struct rd_vm *vm = rd_vm_of(L);
    lua_Debug ar;

    for (int level = 1; vm->budget->killed != RD_KILLED_MEMORY && lua_getstack(L, level, &ar);
         level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0)
            continue;
        snprintf(vm->where, sizeof vm->where, "%s:%d", ar.short_src, ar.currentline);
        break;
    }
    if (luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL)
        luaL_tolstring(L, 1, NULL);
    else
        lua_settop(L, 1);
    return 1;
}

/* "scripts/bot.lua:12: ..." or, of a file that is no Lua, "scripts/bot.lua: ..." */
static bool
load_has_place(const char *text, const char *where)
{
    const char *end = strstr(text, ": ");

    return end != NULL && end > text
        && ((end[-1] >= '0' && end[-1] <= '9') || strncmp(text, where, (size_t)(end - text)) == 0);
}

static void
load_explain(lua_State *L, const struct rd_budget *b, int status, struct rd_buf *error)
{
    const char *where = rd_vm_of(L)->where;
    const char *text = lua_tostring(L, -1);
    const char *place = text != NULL && load_has_place(text, where) ? "" : where;

    if (status == LUA_ERRMEM || b->killed == RD_KILLED_MEMORY)
        rd_buf_printf(error, "%s%snot enough memory for loading (vm_memory)", where,
                      where[0] != '\0' ? ": " : "");
    else if (text != NULL)
        rd_buf_printf(error, "%s%s%s%s%s", place, place[0] != '\0' ? ": " : "", text,
                      rd_report_advice(text), b->killed == RD_KILLED_CPU ? " by loading" : "");
    else
        rd_buf_printf(error, "%s%san error that is %s%s", place, place[0] != '\0' ? ": " : "",
                      lua_isnil(L, -1) ? "" : "a ", luaL_typename(L, -1));
}

static struct rd_vm *
load_new_vm(struct rd_generation *g, unsigned index)
{
    struct rd_vm *vm = rd_vm_new(g->limits.vm_memory);

    if (vm == NULL)
        return NULL;
    vm->generation = g;
    vm->index = index;
    vm->slice_ns = g->limits.slice_ns;
    vm->n_scripts = g->n_scripts;
    vm->scripts = rd_calloc(g->n_scripts, sizeof *vm->scripts);
    return vm;
}

int
rd_vm_load(struct rd_generation *g, unsigned index, struct rd_vm **out, struct rd_buf *error)
{
    struct rd_slice_clock clock = { .loading = true }, *before;
    struct rd_budget budget = {
        .cpu_limit_ns = g->limits.load_limit_ns, .mem_limit = (int64_t)g->limits.vm_memory,
    };
    struct rd_vm *vm = load_new_vm(g, index);
    int status;

    if (vm == NULL) {
        rd_buf_put_str(error, rd_error_text(RD_E_NOMEM));
        return RD_E_NOMEM;
    }
    rd_slice_init();
    before = rd_slice_own(&clock);
    rd_slice_mark(&clock);
    vm->budget = &budget;
    rd_slice_open(&clock, vm, vm->L, rd_clock_ns());
    lua_pushcfunction(vm->L, load_on_error);
    lua_pushcfunction(vm->L, load_all);
    status = lua_pcall(vm->L, 0, 0, 1);
    rd_slice_close(&clock, rd_clock_ns());
    rd_slice_own(before);
    lua_sethook(vm->L, NULL, 0, 0);
    if (status != LUA_OK)
        load_explain(vm->L, &budget, status, error);
    lua_settop(vm->L, 0);
    vm->clock = NULL;
    rd_vm_report(vm);
    if (status == LUA_OK) {
        lua_gc(vm->L, LUA_GCCOLLECT);
        rd_weigh_load(vm);
        *out = vm;
        return 0;
    }
    rd_vm_free(vm);
    return RD_E_LOAD;
}
