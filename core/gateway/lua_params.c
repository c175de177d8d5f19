/*
 * lua_params.c - msg.params: every parameter as Twilio sent it; see lua_params.h.
 *
 * A plain table with the first value of each name, and behind a key that no
 * script can name the whole list. Called on script threads.
 */
#include "gateway/lua_params.h"

#include <string.h>

#include <lauxlib.h>

#include "replyd.h"

#define LUA_PARAMS_META "replyd.params"

/* Registry-like key of the list in a params table. Its address is the key. */
static const char lua_params_list_key;

/* All of them as an array of {name, value}, in wire order; the first of each name as a field. */
void
rd_lua_params_push(lua_State *L, const struct rd_params *params)
{
    lua_createtable(L, 0, (int)params->n);
    lua_createtable(L, (int)params->n, 0);
    for (size_t i = params->n; i-- > 0;) {
        const struct rd_param *p = &params->at[i];

        lua_createtable(L, 2, 0);
        lua_pushlstring(L, p->name.p, p->name.n);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, 1);
        lua_pushlstring(L, p->value.p, p->value.n);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -4, 2);    /* stack: fields, list, pair, name, value */
        lua_rawset(L, -5);        /* from the last to the first: the first one stays */
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_rawsetp(L, -2, &lua_params_list_key);
    luaL_setmetatable(L, LUA_PARAMS_META);
}

/* Pushes the list of the params table at 1; the script may have put anything in its place. */
static void
params_push_list(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, lua_rawgetp(L, 1, &lua_params_list_key) == LUA_TTABLE, 1,
                  "msg.params expected");
}

static int
params_next(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2)) + 1;

    if (lua_rawgeti(L, lua_upvalueindex(1), i) != LUA_TTABLE)
        return 0;
    lua_pushinteger(L, i);
    lua_replace(L, lua_upvalueindex(2));
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    return 2;
}

/* pairs(msg.params): every parameter in wire order, repeats too. */
static int
params_pairs(lua_State *L)
{
    params_push_list(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, params_next, 2);
    return 1;
}

/* msg.params:all(name): the values of a repeated parameter, in order. */
static int
params_all(lua_State *L)
{
    lua_Integer n = 0;

    luaL_checkstring(L, 2);
    params_push_list(L);
    lua_newtable(L);
    for (lua_Integer i = 1; lua_rawgeti(L, -2, i) == LUA_TTABLE; i++) {
        rd_lua_steps(L, 1);
        lua_rawgeti(L, -1, 1);
        if (lua_rawequal(L, -1, 2)) {
            lua_rawgeti(L, -2, 2);
            lua_rawseti(L, -4, ++n);
        }
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
    return 1;
}

/* params.all is a method unless Twilio sends a parameter of that name. */
static int
params_index(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "all") == 0)
        lua_pushcfunction(L, params_all);
    else
        lua_pushnil(L);
    return 1;
}

void
rd_lua_metatable(lua_State *L, const char *name, lua_CFunction pairs)
{
    luaL_newmetatable(L, name);
    lua_insert(L, -2);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, pairs);
    lua_setfield(L, -2, "__pairs");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void
rd_lua_params_open(lua_State *L)
{
    lua_pushcfunction(L, params_index);
    rd_lua_metatable(L, LUA_PARAMS_META, params_pairs);
}
