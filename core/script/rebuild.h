/*
 * rebuild.h - a VM that stays nearly full is relieved: of the run that holds most, or by a
 * successor from the same sources.
 *
 * Private to script/. Called by runs at the end of a slice, on the worker's thread.
 */
#ifndef RD_SCRIPT_REBUILD_H
#define RD_SCRIPT_REBUILD_H

#include <stdbool.h>

#include "script/vm.h"
#include "script/worker.h"

/*
 * Above the mark: collects all garbage; when that is not enough, evicts a run (evict.h) or has a
 * loader build another VM. No slice is open, every run is in its queue or waits.
 */
void rd_rebuild_consider(struct rd_worker *w, struct rd_vm *vm);
/* The last run of a retired VM has ended: it is freed. */
void rd_rebuild_forget(struct rd_vm *vm);

/* The run, which has not begun, shall begin in the successor that is being built. */
static inline bool
rd_rebuild_holds(const struct rd_run *run)
{
    return run->vm->rebuilding && uv_is_active((const uv_handle_t *)&run->worker->hold);
}

/* Whether rd_rebuild_consider has anything to do: one comparison for each slice. */
static inline bool
rd_rebuild_is_due(const struct rd_vm *vm)
{
    return vm->used > vm->crowded;
}

#endif
