/*
 * lua_msg.h - what a script sees of its message: msg, and ev for a status.
 */
#ifndef RD_GATEWAY_LUA_MSG_H
#define RD_GATEWAY_LUA_MSG_H

#include <lua.h>

/* Adds the metatables to a new VM (rd_script_host.vm_open). */
void rd_lua_msg_open(lua_State *L, void *data);

/* Pushes msg or ev for the task; returns 1 (rd_run_order.push_event). */
int rd_lua_msg_push(lua_State *L, void *order);

/* Registers the documentation rows of msg's methods; before any VM. */
void rd_lua_msg_register(void);

#endif
