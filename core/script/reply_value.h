/*
 * reply_value.h - what a handler returned, as a reply. Private to script/.
 */
#ifndef RD_SCRIPT_REPLY_VALUE_H
#define RD_SCRIPT_REPLY_VALUE_H

#include <lua.h>

#include "base/reply.h"

/*
 * The n results of the handler of the running run (stack 1..n) as a reply,
 * NULL for none. Raises: an error of the conversion at the handler's line, or
 * the second value when the first is nil or false.
 */
struct rd_reply *rd_reply_from_results(lua_State *L, int n);

/* Checks a value of `keywords` at load; raises an error that ends the load. */
void rd_reply_check(lua_State *L, int index, const char *where);

#endif
