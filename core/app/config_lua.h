/*
 * config_lua.h - runs replyd.lua: in an empty environment (env and file only),
 * under a budget of time and memory.
 */
#ifndef RD_APP_CONFIG_LUA_H
#define RD_APP_CONFIG_LUA_H

#include "app/config_read.h"

/* Calls fn(r) protected, with a fresh state in r->L; an error that it raises goes to r->errors. */
void rd_config_with_lua(struct rd_config_reader *r, void (*fn)(struct rd_config_reader *r));

/* Runs r->source; its result, a table, is on top of the stack. Raises an error with file:line. */
void rd_config_run_file(struct rd_config_reader *r);

#endif
