/*
 * lua_error.c - error values: { kind, message, code } with tostring().
 *
 * What went wrong outside of the script is returned as `nil, err`; both
 * assert(...) and err.kind == "timeout" read well. Used by plugins and host.
 */
#include <stdarg.h>
#include <stdio.h>

#include <lauxlib.h>

#include "replyd.h"

#define ERROR_TEXT 512    /* bytes of a message; longer ones are cut */

static char error_key;    /* its address: the metatable in the registry */

static int
error_tostring(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushliteral(L, "message");
    lua_rawget(L, 1);
    return 1;
}

static void
error_push_metatable(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &error_key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, error_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "error");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &error_key);
}

/* printf's formats, not lua_pushfstring's few. */
static void
error_push_text(lua_State *L, const char *format, va_list ap)
{
    char text[ERROR_TEXT];

    vsnprintf(text, sizeof text, format, ap);
    lua_pushstring(L, text);
}

int
rd_lua_push_error(lua_State *L, const char *kind, int64_t code, const char *format, ...)
{
    va_list ap;

    lua_createtable(L, 0, 3);
    lua_pushstring(L, kind);
    lua_setfield(L, -2, "kind");
    va_start(ap, format);
    error_push_text(L, format, ap);
    va_end(ap);
    lua_setfield(L, -2, "message");
    if (code != 0) {
        lua_pushinteger(L, (lua_Integer)code);
        lua_setfield(L, -2, "code");
    }
    error_push_metatable(L);
    lua_setmetatable(L, -2);
    return 1;
}
