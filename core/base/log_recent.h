/*
 * log_recent.h - the latest warnings and errors, kept in memory for `replyd explain`; and the
 * latest lines that say why a message has no answer of its own, in a room of their own, since a
 * flood may bring many of them.
 *
 * What a log line never has in it (secrets, bodies) is not here either.
 */
#ifndef RD_BASE_LOG_RECENT_H
#define RD_BASE_LOG_RECENT_H

#include <stdbool.h>

#include "base/buf.h"

#define RD_LOG_RECENT ((size_t)128 * 1024)    /* bytes of lines of a kind: some hundred */

/* Keeps a whole line, its line end included; the oldest ones make room. Any thread. */
void rd_log_recent_keep(struct rd_slice line, bool warning);

/*
 * Appends the kept lines that have needle in them: warnings first, each kind from the oldest on.
 * Any thread.
 */
void rd_log_recent_find(struct rd_slice needle, struct rd_buf *out);

#endif
