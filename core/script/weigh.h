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
/*
 * Right after a full collection: no run of vm is charged less than what it alone holds, or more
 * than that and what has come to the scripts' own tables since they were loaded. Takes about as
 * long as the collection.
 */
void rd_weigh(const struct rd_worker *w, struct rd_vm *vm);

#endif
