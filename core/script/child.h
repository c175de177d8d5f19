/*
 * child.h - the coroutines that a handler starts beside its own. Private to script/.
 *
 * Each is a run of its own for the scheduler, but belongs to the handler's run,
 * its root: the root's budget pays for all of them, one of the family is queued
 * at a time, and the root is freed after the last one. A child has a group that
 * waits for its results (all, race, timeout), or none (spawn).
 */
#ifndef RD_SCRIPT_CHILD_H
#define RD_SCRIPT_CHILD_H

#include "script/run.h"

#define RD_CHILDREN_MOST 1000    /* of one handler at a time: about 1 MiB of coroutines */

/* Called once for a child of a group, when it is over: takes its results from child->thread. */
typedef void rd_child_over_fn(struct rd_run *child, void *group);

/*
 * Starts the function on the top of thread as a child beside `parent`; takes the thread. Its first
 * slice comes from the loop.
 */
struct rd_run *rd_child_start(struct rd_run *parent, struct rd_thread thread,
                              rd_child_over_fn *over, void *group);
/* The function at `index` of L on a coroutine of its own, ready to start. Raises. */
struct rd_thread rd_child_prepare(lua_State *L, int index);
/* All children of a root end at their next boundary. */
void rd_children_cancel(struct rd_run *root, enum rd_outcome why);
/*
 * Cancelled, in a VM that is crowded, it does not wait for its family's turns: hundreds of them
 * would fill it for as long.
 */
bool rd_child_ends_first(const struct rd_run *run);
/* A child has ended, its slice is closed: tells its group, forgets it, maybe its root too. */
void rd_child_end(struct rd_run *child);

/*
 * CPU time (ns) that a coroutine of this handler may take to be closed: of the handler's own while
 * that goes on; over: of all its closings behind its end (close_us).
 */
uint64_t rd_child_close_budget(const struct rd_run *root, bool *over);

#endif
