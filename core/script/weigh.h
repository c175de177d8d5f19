/*
 * weigh.h - what each handler of a VM really holds.
 *
 * Private to script/. A budget's charge is net bytes, but what the collector frees is taken off
 * the charge of whoever runs then. Before somebody ends for what it holds, this sets it right.
 */
#ifndef RD_SCRIPT_WEIGH_H
#define RD_SCRIPT_WEIGH_H

#include "script/vm.h"
#include "script/worker.h"

/* Of a VM that has just been loaded: what its scripts hold themselves. */
void rd_weigh_load(struct rd_vm *vm);
/* A budget ends: what it is charged may lie in the scripts' own tables now. */
void rd_weigh_left(struct rd_vm *vm, const struct rd_budget *b);
/*
 * Right after a full collection: no run of vm is charged less than what it alone holds, or more
 * than that and what it may have put into the scripts' own tables. What two reach is
 * held by neither, but counts for both in `reached`. Takes about twice as long as the collection.
 */
void rd_weigh(const struct rd_worker *w, struct rd_vm *vm);

#endif
