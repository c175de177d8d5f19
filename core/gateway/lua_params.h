/*
 * lua_params.h - what a script sees of the parameters of its message: msg.params.
 */
#ifndef RD_GATEWAY_LUA_PARAMS_H
#define RD_GATEWAY_LUA_PARAMS_H

#include <lua.h>

#include "base/message.h"

/* Adds the metatable of params to a new VM. */
void rd_lua_params_open(lua_State *L);

/* Pushes the parameters as a table: first values by name, :all(name), pairs() in wire order. */
void rd_lua_params_push(lua_State *L, const struct rd_params *params);

/* A metatable of that name, which scripts cannot read; its __index is popped from the stack. */
void rd_lua_metatable(lua_State *L, const char *name, lua_CFunction pairs);

#endif
