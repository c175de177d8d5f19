/*
 * watchdog.h - the thread that watches the script threads' slices.
 *
 * It signals a thread whose slice is over, and tells main about one that does
 * not come back. It takes no lock that is held during work; it declares,
 * others recover (recover.c).
 */
#ifndef RD_APP_WATCHDOG_H
#define RD_APP_WATCHDOG_H

#include "script/script.h"

struct rd_watchdog;

/* Starts the thread; lost(worker, arg) is called on it, once for each lost one. 0 or an error. */
int rd_watchdog_start(void (*lost)(struct rd_worker *w, void *arg), void *arg,
                      struct rd_watchdog **out);

/* From now on this worker is watched in slot i (0 .. 255), in place of the one before. Main. */
void rd_watchdog_watch(struct rd_watchdog *dog, unsigned i, struct rd_worker *w);

/* Ends and joins the thread; before the workers' memory goes. Main. */
void rd_watchdog_stop(struct rd_watchdog *dog);

#endif
