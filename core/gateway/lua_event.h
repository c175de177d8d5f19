/*
 * lua_event.h - the fields of msg and ev, one by one: most handlers read a few of them.
 *
 * Used by lua_msg.c only, on script threads.
 */
#ifndef RD_GATEWAY_LUA_EVENT_H
#define RD_GATEWAY_LUA_EVENT_H

#include <lua.h>

#include "gateway/task.h"

/* What the fields of a new VM need; may raise. */
void rd_lua_event_open(lua_State *L);

/* The number of fields is that of the first without a name. */
const char *rd_lua_event_name(size_t field);

/* Pushes a field of the task's message; nil when it is absent, or no field of such an event. */
void rd_lua_event_push(lua_State *L, const struct rd_task *t, size_t field);

#endif
