/*
 * lua_fields.h - the fields of msg that are made when a script first asks for
 * them: location, button, geo and the other rows of twilio/details.
 */
#ifndef RD_GATEWAY_LUA_FIELDS_H
#define RD_GATEWAY_LUA_FIELDS_H

#include <lua.h>

#include "base/message.h"

/* The table replyd of a new VM is on the top: remembers what decodes JSON. */
void rd_lua_fields_open(lua_State *L);

/* Pushes the value of the field, nil when the message has none; 1. */
int rd_lua_field_push(lua_State *L, const struct rd_message *m, const char *name);

/* The names one by one, each once; NULL after the last. */
const char *rd_lua_field_name(size_t i);

#endif
