/*
 * recent.h - how often the same thing came lately: the value of RD_EFFECT_RECENT.
 *
 * The value is a list of {when, what}, oldest first, as long as its window and its
 * cap let it be. Pure; every backend that keeps such values asks it.
 */
#ifndef RD_STORE_RECENT_H
#define RD_STORE_RECENT_H

#include <stdint.h>

#include "base/buf.h"

/* What the effect brings along as its value; ttl_ms of the effect is the window. */
struct rd_recent {
    uint64_t what;    /* a fingerprint */
    uint64_t most;    /* entries kept */
};

/*
 * Writes to out the list `old` without what is older than window_ms, and r at its end. Returns how
 * many entries of the new list are r->what, at least 1; 0 when out is full.
 */
size_t rd_recent_add(struct rd_slice old, const struct rd_recent *r, uint64_t now_ms,
                     uint64_t window_ms, struct rd_buf *out);

#endif
