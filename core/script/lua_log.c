/*
 * lua_log.c - replyd.log.* and print: lines of a script in the log.
 *
 * A handler may write `log_lines` of them; the rest is counted and told once
 * when the handler ends (report.c). Fields are one level of plain values.
 */
#include <string.h>

#include <lauxlib.h>

#include "base/log.h"
#include "replyd.h"
#include "script/docs.h"
#include "script/generation.h"
#include "script/run.h"
#include "script/sandbox.h"

#define LOG_FIELDS 20    /* of one line */

/* False: this line is over the handler's share. */
static bool
log_may(struct rd_run *run)
{
    return run == NULL || ++run->root->log_lines <= run->vm->generation->limits.log_lines;
}

static void
log_who(struct rd_log_line *l, lua_State *L, struct rd_run *run)
{
    const struct rd_generation *g = rd_generation_of(L);

    if (run != NULL && run->order.id.n > 0)
        rd_log_slice(l, "sid", run->order.id);
    rd_log_uint(l, "gen", g->number);
    if (run != NULL)
        rd_log_slice(l, "script", g->scripts[run->order.script].path);
}

bool
rd_lua_has_text(lua_State *L, int index)
{
    int type = lua_type(L, index);

    if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING)
        return true;
    if (luaL_getmetafield(L, index, "__tostring") == LUA_TNIL)
        return false;
    lua_pop(L, 1);
    return true;
}

/* Pushes the value at index as a text; of what has none, what it is. */
static const char *
log_text(lua_State *L, int index, size_t *n)
{
    if (rd_lua_has_text(L, index))
        return luaL_tolstring(L, index, n);
    lua_pushfstring(L, "a %s", luaL_typename(L, index));
    return lua_tolstring(L, -1, n);
}

/* Every value becomes a text first: this may raise, and the line is on our stack only. */
static int
log_check_fields(lua_State *L)
{
    int n = 0;

    if (lua_isnoneornil(L, 2))
        return 0;
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checkstack(L, 2 * LOG_FIELDS + 8, NULL);
    lua_settop(L, 2);
    lua_pushnil(L);
    while (n < LOG_FIELDS && lua_next(L, 2) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_argerror(L, 2, "the names of fields are texts");
        log_text(L, lua_gettop(L), NULL);
        lua_remove(L, -2);          /* key, text */
        lua_pushvalue(L, -2);       /* key, text, key */
        n++;
    }
    return n;
}

static int
log_write(lua_State *L, enum rd_log_level level)
{
    struct rd_run *run = rd_run_of(L);
    struct rd_log_line l;
    struct rd_slice text;
    int n;

    text.p = log_text(L, 1, &text.n);
    lua_replace(L, 1);
    n = log_check_fields(L);
    if (!log_may(run) || !rd_log_begin(&l, level, "script"))
        return 0;
    log_who(&l, L, run);
    rd_log_slice(&l, "msg", text);
    for (int i = 0; i < n; i++) {
        struct rd_slice name, value;

        name.p = lua_tolstring(L, 3 + 2 * i, &name.n);
        value.p = lua_tolstring(L, 4 + 2 * i, &value.n);
        rd_log_field(&l, name, value);
    }
    rd_log_end(&l);
    return 0;
}

static int
log_debug(lua_State *L)
{
    return log_write(L, RD_LOG_DEBUG);
}

static int
log_info(lua_State *L)
{
    return log_write(L, RD_LOG_INFO);
}

static int
log_warn(lua_State *L)
{
    return log_write(L, RD_LOG_WARN);
}

static int
log_error(lua_State *L)
{
    return log_write(L, RD_LOG_ERROR);
}

/* print(...): one line at level info, tabs between the values as in plain Lua. */
int
rd_lua_print(lua_State *L)
{
    luaL_Buffer b;
    int n = lua_gettop(L);

    luaL_buffinit(L, &b);
    for (int i = 1; i <= n; i++) {
        rd_lua_steps(L, 4);
        if (i > 1)
            luaL_addchar(&b, '\t');
        log_text(L, i, NULL);
        luaL_addvalue(&b);
    }
    luaL_pushresult(&b);
    lua_replace(L, 1);
    lua_settop(L, 1);
    return log_write(L, RD_LOG_INFO);
}

const struct rd_lua_fn rd_lua_log_rows[] = {
    { "debug", log_debug, "log.debug(text [, fields])",
      "Writes a line at level debug; the message's id is added. At most 100 lines a handler." },
    { "info", log_info, "log.info(text [, fields])",
      "Writes a line at level info, as print does; fields is a table of names and values. A name "
      "that cannot stand in a line, or is one of the line's own, is written with \"_\". What has "
      "no text is named by its type: json.encode writes tables." },
    { "warn", log_warn, "log.warn(text [, fields])", "Writes a line at level warn." },
    { "error", log_error, "log.error(text [, fields])", "Writes a line at level error." },
    { NULL, NULL, NULL, NULL },
};
