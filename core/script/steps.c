/* steps.c - replyd.h: C loops count their turns. Called by plugins and the host. */
#include <lua.h>
#include <lua_replyd.h>

#include "replyd.h"

void
rd_lua_steps(lua_State *L, size_t n)
{
    lua_steps(L, n < LUA_LOOP_CHUNK ? (int)n : LUA_LOOP_CHUNK);
}
