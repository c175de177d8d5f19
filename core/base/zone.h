/*
 * zone.h - local time in a zone of the system's zoneinfo (TZif, RFC 8536).
 *
 * The process's own TZ is never touched: scripts keep UTC, schedules have a zone
 * of their own. Immutable once loaded; any thread may ask it.
 */
#ifndef RD_BASE_ZONE_H
#define RD_BASE_ZONE_H

#include <stdint.h>

#include "base/buf.h"

struct rd_zone;

/* Offset at a moment, and the last change of it at or before that moment. */
struct rd_zone_at {
    int32_t offset;     /* seconds east of UTC */
    int32_t before;     /* the offset before the change; the same when there was none */
    int64_t since;      /* seconds since 1970 of the change, INT64_MIN: none */
};

/* A local date and time. */
struct rd_civil {
    int64_t year;
    unsigned month, day;              /* from 1 */
    unsigned hour, minute, weekday;   /* Sunday is 0 */
};

/*
 * The zone of that name ("Europe/Berlin") from $TZDIR, else /usr/share/zoneinfo; "UTC" needs no
 * file. 0, or RD_E_NOT_FOUND, RD_E_INVALID, RD_E_NOMEM with the reason in *why.
 */
int rd_zone_load(const char *name, struct rd_zone **out, struct rd_buf *why);
/* The same from the bytes of a file. 0 or RD_E_INVALID. */
int rd_zone_parse(struct rd_slice file, struct rd_zone **out);
/* NULL is ignored. */
void rd_zone_free(struct rd_zone *z);

/* t: seconds since 1970. */
void rd_zone_at(const struct rd_zone *z, int64_t t, struct rd_zone_at *at);
/* Date and time of local seconds (t + offset), proleptic Gregorian. */
struct rd_civil rd_civil_of(int64_t local);
/* Days from 1970-01-01 to that date. */
int64_t rd_civil_days(int64_t year, unsigned month, unsigned day);

#endif
