/*
 * assigned.h - file-level locals of a script that one of its functions assigns.
 *
 * Such a variable exists once per script thread and generation, so that two
 * messages may or may not see each other's value: `check` warns.
 */
#ifndef RD_APP_ASSIGNED_H
#define RD_APP_ASSIGNED_H

#include "base/buf.h"
#include "base/slice.h"

/* One line for each assignment goes to warnings; nothing when the source does not compile. */
void rd_assigned_find(struct rd_slice path, struct rd_slice source, struct rd_buf *warnings);

#endif
