/*
 * plugin.h - the plugins of the binary as script/ sees them. Private to script/.
 */
#ifndef RD_SCRIPT_PLUGIN_H
#define RD_SCRIPT_PLUGIN_H

#include <lua.h>
#include <uv.h>

/* On each script thread, at its start and end. */
int rd_plugins_thread_start(uv_loop_t *loop);
void rd_plugins_thread_stop(uv_loop_t *loop);

/* With the table replyd on the top of the stack: adds replyd.NAME for each; may raise. */
void rd_plugins_vm_open(lua_State *L);

#endif
