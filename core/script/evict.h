/*
 * evict.h - the run that holds most of a full VM ends, and not who asks for memory next.
 *
 * Private to script/. Called by rebuild.c between two slices.
 */
#ifndef RD_SCRIPT_EVICT_H
#define RD_SCRIPT_EVICT_H

#include <stdbool.h>

#include "script/vm.h"
#include "script/worker.h"

/* After a full collection: beyond the brim those that hold most end next. False: there is none. */
bool rd_evict_most(struct rd_worker *w, struct rd_vm *vm);
/* What was evicted last has coroutines that have not ended yet. */
bool rd_evict_is_under_way(const struct rd_worker *w, const struct rd_vm *vm);

#endif
