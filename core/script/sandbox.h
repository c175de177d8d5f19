/*
 * sandbox.h - what scripts can reach. Private to script/.
 */
#ifndef RD_SCRIPT_SANDBOX_H
#define RD_SCRIPT_SANDBOX_H

#include <stdbool.h>

#include <lua.h>

#include "base/slice.h"
#include "base/suggest.h"

/* Opens the libraries of a new VM and builds the globals without `replyd`; may raise. */
void rd_sandbox_open(lua_State *L);
/*
 * The real table on the top of the stack becomes global `name`, frozen, its tables too; popped. Of
 * our own (strict) a misspelt name raises; Lua's libraries answer nil as ever.
 */
void rd_sandbox_add(lua_State *L, const char *name, bool strict);

/* Replaces the real table on the top of the stack by a proxy that cannot be written to. */
void rd_freeze(lua_State *L, const char *name);
/* The same; reading a misspelt name of it raises "did you mean". */
void rd_freeze_strictly(lua_State *L, const char *name);
/* The real table behind the proxy at index is pushed; false: no proxy, nothing is pushed. */
bool rd_freeze_real(lua_State *L, int index);
/* Offers the names of the real table at index, which must keep them as long as s is in use. */
void rd_freeze_offer(lua_State *L, int index, struct rd_suggest *s);
/* Marks the metatable on the top: tables with it answer pairs() as those in the table at index. */
void rd_freeze_mark(lua_State *L, int index);

/* next(table [, key]) that knows proxies. */
int rd_freeze_next(lua_State *L);
/* The metatable on the top hides itself and answers pairs() from the marked table. */
void rd_freeze_protect(lua_State *L);

/* Loads a text chunk named "@path" with an environment of its own and pushes the function. */
int rd_env_load(lua_State *L, struct rd_slice path, struct rd_slice text);

/* coroutine.c: pushes the table of the coroutine library. */
int rd_coroutine_open(lua_State *L);
/* require.c: require(name) of the running VM. */
int rd_require(lua_State *L);
/* lua_log.c: false of a table, a function and the like that only has an address. */
bool rd_lua_has_text(lua_State *L, int index);
/* lua_log.c: print(...). */
int rd_lua_print(lua_State *L);

/* Pushes the table with the globals of all scripts. */
void rd_sandbox_push_globals(lua_State *L);

#endif
