/*
 * cron.h - "0 9 * * mon-fri": when a scheduled handler is due.
 *
 * Five fields as in crontab(5): minute, hour, day of the month, month, day of
 * the week; lists, ranges, steps, names; @hourly to @yearly. Pure.
 */
#ifndef RD_BASE_CRON_H
#define RD_BASE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/zone.h"

struct rd_cron {
    uint64_t minutes;                      /* a bit for each value */
    uint32_t hours, days, months, weekdays;
    bool any_day, any_weekday;             /* the field begins with a star */
    bool runs_on;                          /* minute or hour does: counts minutes, not the clock */
};

/* 0, or RD_E_INVALID with the reason in *why. */
int rd_cron_parse(struct rd_slice text, struct rd_cron *cron, struct rd_buf *why);

/*
 * Due in the minute that begins at t (seconds since 1970)? When clocks go forward, a fixed time
 * that is left out is due in the first minute after it; when they go back, one that comes twice is
 * due the first time only. Lines with a star for minute or hour go by the minutes that pass.
 */
bool rd_cron_due(const struct rd_cron *cron, const struct rd_zone *zone, int64_t t);

#endif
