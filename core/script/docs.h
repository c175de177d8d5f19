/*
 * docs.h - the engine's own rows of the Lua API. Private to script/.
 */
#ifndef RD_SCRIPT_DOCS_H
#define RD_SCRIPT_DOCS_H

#include <lua.h>

#include "replyd.h"

extern const struct rd_lua_fn rd_lua_handler_rows[];  /* the table that a script returns */
extern const struct rd_lua_fn rd_lua_time_rows[];     /* replyd.sleep, now */
extern const struct rd_lua_fn rd_lua_await_rows[];    /* replyd.spawn, all, race, timeout */
extern const struct rd_lua_fn rd_lua_log_rows[];      /* replyd.log.* */
extern const struct rd_lua_fn rd_lua_reply_rows[];    /* replyd.redirect */

/* The table replyd is on the top of the stack: puts every registered function into it. */
void rd_docs_fill(lua_State *L);

#endif
