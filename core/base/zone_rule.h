/*
 * zone_rule.h - the rule of a zone's future: "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX TZ,
 * with the hours of RFC 8536). Used by zone.c only.
 */
#ifndef RD_BASE_ZONE_RULE_H
#define RD_BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/zone.h"

/* A day of each year, and the local second of it. */
struct rd_zone_day {
    enum rd_zone_day_kind { RD_ZONE_MONTH, RD_ZONE_JULIAN, RD_ZONE_ZERO } kind;
    unsigned month, week, day;    /* Mm.w.d; Jn and n in day */
    int32_t second;               /* may lie before or behind the day */
};

struct rd_zone_rule {
    int32_t standard, summer;     /* offsets; the same: no summer time */
    bool changes;
    struct rd_zone_day start, end;
};

/* 0 or RD_E_INVALID. */
int rd_zone_rule_parse(struct rd_slice text, struct rd_zone_rule *rule);
/* Moves `at` to the rule's last change at or before t, if that is later than at->since. */
void rd_zone_rule_at(const struct rd_zone_rule *rule, int64_t t, struct rd_zone_at *at);

#endif
