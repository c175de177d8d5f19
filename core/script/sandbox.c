/*
 * sandbox.c - the globals of scripts: an allow-list over frozen tables.
 *
 * What is not named here does not exist for a script. Some functions are ours:
 * they would otherwise run code outside of every budget (__gc, the handler of
 * xpcall) or write to shared tables (rawset). Loops in C are Lua's own: those
 * of deps/ ask us whether to go on (slice.c).
 */
#include "script/sandbox.h"
#include "script/slice.h"

#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

static char sandbox_globals_key;    /* its address: the registry's table of globals */

/* ---- base functions that are ours ------------------------------------------ */

static int
sandbox_rawset(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    if (rd_freeze_real(L, 1))
        return luaL_error(L, "rawset: this table is read-only");
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 1;
}

static int
sandbox_rawget(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    if (rd_freeze_real(L, 1))
        lua_replace(L, 1);
    lua_rawget(L, 1);
    return 1;
}

static int
sandbox_setmetatable(lua_State *L)
{
    int type = lua_type(L, 2);

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    if (type == LUA_TTABLE) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "setmetatable: '__gc' is not available (it would run outside of "
                                 "every handler); use '__close' or a plain function");
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int
sandbox_collectgarbage(lua_State *L)
{
    const char *what = luaL_optstring(L, 1, "collect");

    if (strcmp(what, "count") != 0)
        return luaL_error(L, "collectgarbage: only \"count\" is available");
    lua_pushnumber(L, (lua_Number)lua_gc(L, LUA_GCCOUNT) +
                          (lua_Number)lua_gc(L, LUA_GCCOUNTB) / 1024);
    return 1;
}

static int
sandbox_traceback(lua_State *L)
{
    lua_State *other = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
    int arg = other != L ? 1 : 0;
    const char *text = lua_tostring(L, arg + 1);

    if ((text == NULL && !lua_isnoneornil(L, arg + 1)) || rd_slice_is_killed(L))
        lua_pushvalue(L, arg + 1);    /* as in plain Lua: what is no text comes back as it is */
    else
        luaL_traceback(L, other, text, (int)luaL_optinteger(L, arg + 2, other == L ? 1 : 0));
    return 1;
}

/* ---- xpcall: the handler runs after unwinding, so that the hook can stop it  */

static int
xpcall_handled(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    (void)ctx;
    return lua_gettop(L) - 2;    /* false and what the handler returned */
}

static int
xpcall_after(lua_State *L, int status, lua_KContext handled)
{
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - 2;    /* true and the results */
    if (handled) {
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushvalue(L, 2);
    lua_insert(L, -2);    /* handler, error */
    lua_pushboolean(L, 0);
    lua_replace(L, 3);
    while (lua_gettop(L) > 5)
        lua_remove(L, 4);
    lua_callk(L, 1, 1, 0, xpcall_handled);
    return xpcall_handled(L, LUA_OK, 0);
}

static int
sandbox_xpcall(lua_State *L)
{
    int n = lua_gettop(L);
    /* debug.traceback is C and short: at the place of the error it sees the whole stack */
    int at_once = lua_tocfunction(L, 2) == sandbox_traceback;
    int status;

    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushboolean(L, 1);
    lua_insert(L, 3);
    lua_pushvalue(L, 1);
    lua_insert(L, 4);    /* f, handler, true, f, arguments */
    status = lua_pcallk(L, n - 2, LUA_MULTRET, at_once ? 2 : 0, at_once, xpcall_after);
    return xpcall_after(L, status, at_once);
}

/* ---- the globals ----------------------------------------------------------- */

static const char *const sandbox_base[] = {
    "assert", "error", "getmetatable", "ipairs", "load", "pairs", "pcall", "rawequal", "rawlen",
    "select", "tonumber", "tostring", "type", "_VERSION",
};

static const luaL_Reg sandbox_own[] = {
    { "collectgarbage", sandbox_collectgarbage },
    { "next", rd_freeze_next },
    { "print", rd_lua_print },
    { "rawget", sandbox_rawget },
    { "rawset", sandbox_rawset },
    { "require", rd_require },
    { "setmetatable", sandbox_setmetatable },
    { "xpcall", sandbox_xpcall },
    { NULL, NULL },
};

static const char *const sandbox_os[] = { "clock", "date", "difftime", "time" };

void
rd_sandbox_push_globals(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &sandbox_globals_key);
}

void
rd_sandbox_add(lua_State *L, const char *name, bool strict)
{
    void (*freeze)(lua_State *, const char *) = strict ? rd_freeze_strictly : rd_freeze;
    int real = lua_gettop(L);

    /* where Lua looks for names of functions: "bad argument #1 to 'replyd.sleep'" */
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, real);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
    /* tables in it: replyd.json and the like */
    for (lua_pushnil(L); lua_next(L, real) != 0;) {
        if (lua_istable(L, -1) && lua_isstring(L, -2) && !rd_freeze_real(L, lua_gettop(L))) {
            const char *inner = lua_pushfstring(L, "%s.%s", name, lua_tostring(L, -2));

            lua_insert(L, -2);
            freeze(L, inner);
            lua_pushvalue(L, -3);
            lua_insert(L, -2);
            lua_rawset(L, real);    /* an existing key: the traversal goes on */
            lua_pop(L, 1);
        } else {
            lua_settop(L, real + 1);
        }
    }
    freeze(L, name);
    rd_sandbox_push_globals(L);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

static void
sandbox_copy(lua_State *L, int to, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        lua_getfield(L, -1, names[i]);
        lua_setfield(L, to, names[i]);
    }
}

#define SANDBOX_COUNT(names) (sizeof names / sizeof names[0])

static void
sandbox_open_base(lua_State *L)
{
    int globals;

    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &sandbox_globals_key);
    globals = lua_gettop(L);
    luaL_requiref(L, LUA_GNAME, luaopen_base, 0);
    sandbox_copy(L, globals, sandbox_base, SANDBOX_COUNT(sandbox_base));
    luaL_setfuncs(L, sandbox_own, 0);    /* for their names in messages */
    lua_pop(L, 1);
    luaL_setfuncs(L, sandbox_own, 0);
    lua_pop(L, 1);
}

/* ("x"):upper() reads the real string table; getmetatable("") must not give it away. */
static void
sandbox_open_string(lua_State *L)
{
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 0);
    lua_pushnil(L);
    lua_setfield(L, -2, "dump");
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
    rd_sandbox_add(L, LUA_STRLIBNAME, false);
}

static void
sandbox_open_os(lua_State *L)
{
    int to;

    lua_newtable(L);
    to = lua_gettop(L);
    luaL_requiref(L, LUA_OSLIBNAME, luaopen_os, 0);
    sandbox_copy(L, to, sandbox_os, SANDBOX_COUNT(sandbox_os));
    lua_settop(L, to);
    rd_sandbox_add(L, LUA_OSLIBNAME, false);
    lua_newtable(L);
    lua_pushcfunction(L, sandbox_traceback);
    lua_setfield(L, -2, "traceback");
    rd_sandbox_add(L, LUA_DBLIBNAME, false);
}

void
rd_sandbox_open(lua_State *L)
{
    sandbox_open_base(L);
    sandbox_open_string(L);
    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 0);
    rd_sandbox_add(L, LUA_TABLIBNAME, false);
    sandbox_open_os(L);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 0);
    rd_sandbox_add(L, LUA_MATHLIBNAME, false);
    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 0);
    rd_sandbox_add(L, LUA_UTF8LIBNAME, false);
    rd_coroutine_open(L);
    rd_sandbox_add(L, LUA_COLIBNAME, false);
    lua_settop(L, 0);
}
