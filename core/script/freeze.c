/*
 * freeze.c - tables that scripts share and must not change.
 *
 * A frozen table is an empty proxy: reads go to the real table, writes raise.
 * The real table never leaves C, so pairs() and next() know proxies; so does
 * rawset (sandbox.c).
 */
#include <lauxlib.h>

#include "script/sandbox.h"
#include "script/script.h"

static char freeze_key;    /* its address: in a proxy's metatable, the real table */

static int
freeze_on_assign(lua_State *L)
{
    const char *name = lua_tostring(L, lua_upvalueindex(1));

    return luaL_error(L, "%s is read-only: '%s' cannot be changed", name,
                      luaL_tolstring(L, 2, NULL));
}

/* A string that only lives on in its table: good as long as that has the key. */
static struct rd_slice
freeze_slice(lua_State *L, int index)
{
    size_t n;
    const char *p = lua_tolstring(L, index, &n);

    return rd_slice_make(p, n);
}

void
rd_freeze_offer(lua_State *L, int index, struct rd_suggest *s)
{
    index = lua_absindex(L, index);
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            rd_suggest_offer(s, freeze_slice(L, -2));
}

/* A name that the table does not have: nil, unless it comes later or is a typing error. */
static int
freeze_on_missing(lua_State *L)
{
    const char *table = lua_tostring(L, lua_upvalueindex(1));
    struct rd_suggest s;

    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    rd_lua_refuse_later(L, table, lua_tostring(L, 2));
    rd_suggest_start(&s, freeze_slice(L, 2));
    rd_freeze_offer(L, 1, &s);
    if (s.best.p == NULL || s.distance > 1 + s.typed.n / 7)    /* "seen" is no "sleep" */
        return 0;
    return luaL_error(L, "%s has no '%s': did you mean '%s'?", table, s.typed.p, s.best.p);
}

void
rd_freeze_strictly(lua_State *L, const char *name)
{
    lua_createtable(L, 0, 1);
    lua_pushstring(L, name);
    lua_pushcclosure(L, freeze_on_missing, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    rd_freeze(L, name);
}

bool
rd_freeze_real(lua_State *L, int index)
{
    if (!lua_istable(L, index) || !lua_getmetatable(L, index))
        return false;
    if (lua_rawgetp(L, -1, &freeze_key) != LUA_TTABLE) {
        lua_pop(L, 2);
        return false;
    }
    lua_remove(L, -2);
    return true;
}

void
rd_freeze_mark(lua_State *L, int index)
{
    lua_pushvalue(L, index);
    lua_rawsetp(L, -2, &freeze_key);
}

/* next(table [, key]); a proxy gives the pairs of its real table. */
int
rd_freeze_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (rd_freeze_real(L, 1))
        lua_replace(L, 1);
    if (lua_next(L, 1) != 0)
        return 2;
    lua_pushnil(L);
    return 1;
}

static int
freeze_pairs(lua_State *L)
{
    lua_pushcfunction(L, rd_freeze_next);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

void
rd_freeze_protect(lua_State *L)
{
    lua_pushcfunction(L, freeze_pairs);
    lua_setfield(L, -2, "__pairs");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
}

void
rd_freeze(lua_State *L, const char *name)
{
    int real = lua_gettop(L);

    lua_newtable(L);
    lua_createtable(L, 0, 6);
    lua_pushvalue(L, real);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_pushcclosure(L, freeze_on_assign, 1);
    lua_setfield(L, -2, "__newindex");
    rd_freeze_mark(L, real);
    rd_freeze_protect(L);
    lua_setmetatable(L, -2);
    lua_remove(L, real);
}
