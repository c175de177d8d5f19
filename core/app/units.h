/*
 * units.h - durations and sizes as people write them.
 *
 * Durations: "500ms" "8s" "5m" "2h" "30d", with a decimal fraction if need be.
 * Sizes: "64KiB" "4GiB" "100B" (powers of 1024). Pure; used by the configuration
 * and by `replyd help config`.
 */
#ifndef RD_APP_UNITS_H
#define RD_APP_UNITS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* Milliseconds; RD_E_INVALID when text is no duration or not a whole number of milliseconds. */
int rd_units_duration(struct rd_slice text, int64_t *ms);

/* Bytes; RD_E_INVALID when text is no size. */
int rd_units_size(struct rd_slice text, int64_t *bytes);

/* An exact way to write them: 90000 ms as "90s", 13500 ms as "13.5s", 65536 as "64KiB". */
void rd_units_put_duration(struct rd_buf *out, int64_t ms);
void rd_units_put_size(struct rd_buf *out, int64_t bytes);

#endif
