/*
 * later.c - names of the Lua API that this version lacks: reading one raises.
 *
 * A script that uses one would else be told that it indexed nil. Help does not
 * print them. Read by freeze.c (replyd) and the host (msg).
 */
#include <string.h>

#include <lauxlib.h>

#include "script/script.h"

static const char *const later_names[][2] = {
    { "replyd", "http" }, { "replyd", "kv" },   { "replyd", "llm" }, { "replyd", "metric" },
    { "replyd", "secret" }, { "replyd", "send" }, { "msg", "ask" },  { "msg", "user" },
    { "media", "fetch" },
};

void
rd_lua_refuse_later(lua_State *L, const char *table, const char *name)
{
    for (size_t i = 0; i < sizeof later_names / sizeof later_names[0]; i++)
        if (strcmp(later_names[i][0], table) == 0 && strcmp(later_names[i][1], name) == 0)
            luaL_error(L, "%s.%s is not in this version of replyd", table, name);
}
