/*
 * log_recent.h - the latest warnings and errors, kept in memory for `replyd explain`.
 *
 * What a log line never has in it (secrets, bodies) is not here either.
 */
#ifndef RD_BASE_LOG_RECENT_H
#define RD_BASE_LOG_RECENT_H

#include "base/buf.h"

#define RD_LOG_RECENT ((size_t)128 * 1024)    /* bytes of lines: some hundred */

/* Keeps a whole line, its line end included; the oldest ones make room. Any thread. */
void rd_log_recent_keep(struct rd_slice line);

/* Appends the kept lines that have needle in them, oldest first. Any thread. */
void rd_log_recent_find(struct rd_slice needle, struct rd_buf *out);

#endif
