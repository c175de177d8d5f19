/*
 * handlers.h - the value that a script file returned. Private to script/.
 */
#ifndef RD_SCRIPT_HANDLERS_H
#define RD_SCRIPT_HANDLERS_H

#include <lua.h>

#include "script/vm.h"

/*
 * Checks what script i returned (on the top, its chunk below it), keeps
 * references in the VM, and what routes need to know in the generation. Raises
 * an error that begins with file and line.
 */
void rd_handlers_read(lua_State *L, struct rd_vm *vm, unsigned i);

#endif
