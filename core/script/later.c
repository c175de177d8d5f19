/*
 * later.c - names of the Lua API that this version lacks: reading one raises.
 *
 * A script that uses one would else be told that it indexed nil. Help does not
 * print them. Read by freeze.c (replyd), the host (msg) and `check`.
 */
#include <lauxlib.h>

#include "script/script.h"

static const char *const later_names[][2] = {
    { "replyd", "http" }, { "replyd", "kv" },   { "replyd", "llm" }, { "replyd", "metric" },
    { "replyd", "secret" }, { "replyd", "send" }, { "msg", "ask" },  { "msg", "user" },
    { "media", "fetch" },
};

bool
rd_script_is_later(struct rd_slice table, struct rd_slice name)
{
    for (size_t i = 0; i < sizeof later_names / sizeof later_names[0]; i++)
        if (rd_slice_eq(rd_slice_str(later_names[i][0]), table) &&
            rd_slice_eq(rd_slice_str(later_names[i][1]), name))
            return true;
    return false;
}

void
rd_lua_refuse_later(lua_State *L, const char *table, const char *name)
{
    if (rd_script_is_later(rd_slice_str(table), rd_slice_str(name)))
        luaL_error(L, "%s.%s is not in this version of replyd", table, name);
}
