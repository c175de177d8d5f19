/*
 * duration.h - durations as scripts write them. Private to script/.
 */
#ifndef RD_SCRIPT_DURATION_H
#define RD_SCRIPT_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

/* A number of seconds or "5m" (ms, s, m, h, d) as milliseconds; false for anything else. */
bool rd_lua_to_duration(lua_State *L, int index, uint64_t *ms);

#endif
