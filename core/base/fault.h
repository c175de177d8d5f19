/*
 * fault.h - named places where a test may stall, fail or count the program.
 *
 * Only test builds (RD_TEST) have them: in the release binary rd_fault() is the
 * constant 0. Tests drive them through the admin listener: stall, release, fail
 * the next n, and read how often a point was reached.
 */
#ifndef RD_BASE_FAULT_H
#define RD_BASE_FAULT_H

#include "base/slice.h"

/*        id              name              where */
#define RD_FAULTS(X)                                                                      \
    X(store_lookup,   "store.lookup",   "store thread, before a look-up is done")         \
    X(store_commit,   "store.commit",   "store thread, before an answer is written")      \
    X(store_early,    "store.early",    "store thread, before an early answer is written") \
    X(store_done,     "store.done",     "store thread, before completions are posted")    \
    X(front_settle,   "front.settle",   "front thread, before a completion settles its entry") \
    X(front_send,     "front.send",     "front thread, before committed bytes are written") \
    X(script_start,   "script.start",   "script thread, before a handler starts")         \
    X(script_end,     "script.end",     "script thread, before the commit of an ended handler") \
    X(reload_build,   "reload.build",   "loader, before the VMs are built")               \
    X(reload_install, "reload.install", "worker, before it acknowledges a generation")    \
    X(recover,        "recover",        "main thread, before a lost thread is recovered")

#define RD_FAULT_ENUM(id, name, where) RD_FAULT_##id,
enum rd_fault { RD_FAULTS(RD_FAULT_ENUM) RD_FAULT_COUNT };
#undef RD_FAULT_ENUM

#ifdef RD_TEST
/* Waits here while the point is stalled; then 0, or RD_E_IO when it was told to fail. */
int rd_fault(enum rd_fault point);
/*
 * A test's command; 0 or RD_E_INVALID / RD_E_NOT_FOUND.
 *   stall     whoever reaches the point waits there
 *   pass      one of them goes on (the next to come, when none waits); the others stay
 *   release   all go on, and nobody waits any more
 *   fail=N    the next N that leave the point fail; 0 ends that
 */
int rd_fault_set(struct rd_slice name, struct rd_slice command);
/* How often a point was reached, and how many stall in it now; -1 for an unknown name. */
long rd_fault_hits(struct rd_slice name);
long rd_fault_stalled(struct rd_slice name);
#else
#define rd_fault(point) 0
#endif

#endif
