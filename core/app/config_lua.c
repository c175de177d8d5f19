/*
 * config_lua.c - see config_lua.h. Owns the Lua state for the time of one load.
 * Called by config.c.
 */
#include "app/config_lua.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/file.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "script/script.h"

#define LUA_MEMORY (16 << 20)        /* bytes; below the arena's cap */
#define LUA_CPU_MS 250               /* a configuration that computes longer does not end */
#define LUA_STEP 100000              /* instructions between two looks at the clock */
#define LUA_SECRET (64 * 1024)       /* bytes of a file that `file` reads */

struct lua_budget {
    size_t used;
    uint64_t cpu_end;
    struct rd_config_reader *reader;
};

static void *
lua_on_alloc(void *data, void *p, size_t old, size_t size)
{
    struct lua_budget *b = data;
    void *q;

    old = p ? old : 0;
    if (size == 0) {
        free(p);
        b->used -= old;
        return NULL;
    }
    if (size > old && b->used + (size - old) > LUA_MEMORY)
        return NULL;
    q = realloc(p, size);
    if (q != NULL)
        b->used = b->used - old + size;
    return q;
}

static struct lua_budget *
lua_budget_of(lua_State *L)
{
    void *data;

    lua_getallocf(L, &data);
    return data;
}

static void
lua_on_step(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    if (rd_clock_cpu_ns() <= lua_budget_of(L)->cpu_end)
        return;
    luaL_where(L, 0);    /* in a hook, the function that runs is level 0 */
    lua_pushfstring(L, "the configuration takes more than %d ms of CPU time", LUA_CPU_MS);
    lua_concat(L, 2);
    lua_error(L);
}

/* ---- what the file may call ------------------------------------------------------ */

static int
lua_fn_env(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const char *value = getenv(name);

    if (value == NULL || *value == 0)
        return luaL_error(L, "env \"%s\": the environment variable is %s", name,
                          value ? "empty" : "not set");
    lua_pushstring(L, value);
    return 1;
}

/* Line breaks at the end belong to the file, not to the secret. */
static void
lua_push_secret(lua_State *L, struct rd_slice text)
{
    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    lua_pushlstring(L, text.n ? text.p : "", text.n);
}

static void
lua_warn_world_readable(lua_State *L, const char *path)
{
    struct rd_config_reader *r = lua_budget_of(L)->reader;

    if (!rd_file_is_world_readable(path))
        return;
    luaL_where(L, 1);
    rd_buf_printf(r->warnings, "%s%s: anybody on this machine can read it (chmod 600)\n",
                  lua_tostring(L, -1), path);
    lua_pop(L, 1);
}

static int
lua_fn_file(lua_State *L)
{
    size_t n;
    const char *name = luaL_checklstring(L, 1, &n);
    struct rd_config_reader *r = lua_budget_of(L)->reader;
    struct rd_slice path = rd_config_resolve(r, rd_slice_make(name, n));
    struct rd_buf text;
    int status, why;

    rd_buf_init(&text, LUA_SECRET);
    status = rd_file_read(path.p, &text);
    why = errno;
    if (status == 0)
        lua_push_secret(L, rd_buf_slice(&text));
    rd_memzero(text.p, text.cap);
    rd_buf_free(&text);
    if (status != 0)
        return luaL_error(L, "file \"%s\": %s", path.p,
                          status == RD_E_IO ? strerror(why) : rd_error_text(status));
    if (lua_rawlen(L, -1) == 0)
        return luaL_error(L, "file \"%s\": is empty", path.p);
    lua_warn_world_readable(L, path.p);
    return 1;
}

/* ---- running ------------------------------------------------------------------------ */

void
rd_config_run_file(struct rd_config_reader *r)
{
    lua_State *L = r->L;
    struct rd_slice text = rd_script_text(r->source);
    char name[RD_CONFIG_PATH];

    snprintf(name, sizeof name, "@%s", r->file);
    if (luaL_loadbufferx(L, text.p ? text.p : "", text.n, name, "t") != LUA_OK)
        lua_error(L);
    lua_createtable(L, 0, 2);    /* the chunk's only upvalue: its whole environment */
    lua_pushcfunction(L, lua_fn_env);
    lua_setfield(L, -2, "env");
    lua_pushcfunction(L, lua_fn_file);
    lua_setfield(L, -2, "file");
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1))
        luaL_error(L, "%s: must return a table, returns %s", r->file,
                   lua_isnil(L, -1) ? "nothing" : luaL_typename(L, -1));
}

struct lua_job {
    struct rd_config_reader *reader;
    void (*fn)(struct rd_config_reader *r);
};

static int
lua_protected(lua_State *L)
{
    struct lua_job *job = lua_touserdata(L, 1);

    lua_settop(L, 0);
    job->fn(job->reader);
    return 0;
}

/* The error on top, for people: that of a want of memory knows no place. */
static void
lua_put_error(struct rd_config_reader *r, int status)
{
    size_t n;
    const char *text = luaL_tolstring(r->L, -1, &n);

    if (status == LUA_ERRMEM && r->file != NULL)
        rd_buf_printf(r->errors, "%s: the configuration needs more than %d MiB of memory\n",
                      r->file, LUA_MEMORY >> 20);
    else
        rd_buf_printf(r->errors, "%.*s\n", (int)n, text);
    r->failed = true;
}

void
rd_config_with_lua(struct rd_config_reader *r, void (*fn)(struct rd_config_reader *r))
{
    struct lua_budget budget = { 0, rd_clock_cpu_ns() + LUA_CPU_MS * RD_MS, r };
    struct lua_job job = { r, fn };
    int status;

    r->L = lua_newstate(lua_on_alloc, &budget);
    RD_ASSERT(r->L != NULL);
    lua_sethook(r->L, lua_on_step, LUA_MASKCOUNT, LUA_STEP);
    lua_pushcfunction(r->L, lua_protected);
    lua_pushlightuserdata(r->L, &job);
    status = lua_pcall(r->L, 1, 0, 0);
    if (status != LUA_OK)
        lua_put_error(r, status);
    lua_close(r->L);
    r->L = NULL;
}
