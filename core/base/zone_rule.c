/* zone_rule.c - see zone_rule.h. Pure. */
#include "base/zone_rule.h"

#include "base/error.h"

#define RULE_DAY 86400
#define RULE_CHANGE (2 * 3600)    /* local time of a change that names none */

/* ---- reading -------------------------------------------------------------------- */

struct rule_in {
    struct rd_slice rest;
    bool bad;
};

static bool
rule_has(const struct rule_in *in, char c)
{
    return in->rest.n > 0 && in->rest.p[0] == c;
}

static bool
rule_take(struct rule_in *in, char c)
{
    if (!rule_has(in, c))
        return false;
    in->rest = rd_slice_skip(in->rest, 1);
    return true;
}

static unsigned
rule_number(struct rule_in *in, unsigned most)
{
    unsigned n = 0, digits = 0;

    for (; in->rest.n > 0 && in->rest.p[0] >= '0' && in->rest.p[0] <= '9' && digits < 4; digits++) {
        n = n * 10 + (unsigned)(in->rest.p[0] - '0');
        in->rest = rd_slice_skip(in->rest, 1);
    }
    if (digits == 0 || n > most)
        in->bad = true;
    return n;
}

/* "CET" or "<+0330>". */
static void
rule_name(struct rule_in *in)
{
    bool quoted = rule_take(in, '<');
    size_t n = 0;

    if (quoted) {
        n = rd_slice_find(in->rest, '>');
        in->rest = rd_slice_skip(in->rest, n);
        in->bad = in->bad || !rule_take(in, '>');
        return;
    }
    while (in->rest.n > 0 && ((in->rest.p[0] | 32) >= 'a' && (in->rest.p[0] | 32) <= 'z')) {
        in->rest = rd_slice_skip(in->rest, 1);
        n++;
    }
    in->bad = in->bad || n < 3;
}

/* [+-]hh[:mm[:ss]] as seconds. */
static int32_t
rule_time(struct rule_in *in, unsigned hours_most)
{
    bool minus = rule_take(in, '-');
    unsigned seconds;

    if (!minus)
        rule_take(in, '+');
    seconds = rule_number(in, hours_most) * 3600;
    if (rule_take(in, ':'))
        seconds += rule_number(in, 59) * 60;
    if (rule_take(in, ':'))
        seconds += rule_number(in, 59);
    return minus ? -(int32_t)seconds : (int32_t)seconds;
}

static struct rd_zone_day
rule_day(struct rule_in *in)
{
    struct rd_zone_day d = { .kind = RD_ZONE_ZERO, .second = RULE_CHANGE };

    if (rule_take(in, 'M')) {
        d.kind = RD_ZONE_MONTH;
        d.month = rule_number(in, 12);
        in->bad = in->bad || !rule_take(in, '.');
        d.week = rule_number(in, 5);
        in->bad = in->bad || !rule_take(in, '.') || d.month == 0 || d.week == 0;
        d.day = rule_number(in, 6);
    } else if (rule_take(in, 'J')) {
        d.kind = RD_ZONE_JULIAN;
        d.day = rule_number(in, 365);
        in->bad = in->bad || d.day == 0;
    } else {
        d.day = rule_number(in, 365);
    }
    if (rule_take(in, '/'))
        d.second = rule_time(in, 167);
    return d;
}

int
rd_zone_rule_parse(struct rd_slice text, struct rd_zone_rule *rule)
{
    struct rule_in in = { text, false };

    *rule = (struct rd_zone_rule){ 0 };
    rule_name(&in);
    rule->standard = rule->summer = -rule_time(&in, 24);    /* POSIX counts to the west */
    if (in.rest.n > 0) {
        rule_name(&in);
        rule->summer = rule->standard + 3600;
        if (in.rest.n > 0 && !rule_has(&in, ','))
            rule->summer = -rule_time(&in, 24);
        in.bad = in.bad || !rule_take(&in, ',');
        rule->start = rule_day(&in);
        in.bad = in.bad || !rule_take(&in, ',');
        rule->end = rule_day(&in);
        rule->changes = rule->summer != rule->standard;
    }
    return in.bad || in.rest.n > 0 ? RD_E_INVALID : 0;
}

/* ---- asking ------------------------------------------------------------------------ */

static bool
rule_is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The `week`th such weekday of the month; 5: its last. */
static int64_t
rule_month_day(const struct rd_zone_day *d, int64_t year)
{
    int64_t first = rd_civil_days(year, d->month, 1);
    int64_t next = rd_civil_days(d->month == 12 ? year + 1 : year, d->month % 12 + 1, 1);
    int64_t weekday = (first % 7 + 11) % 7;
    int64_t day = first + ((int64_t)d->day - weekday + 7) % 7 + 7 * ((int64_t)d->week - 1);

    return day >= next ? day - 7 : day;
}

/* Local seconds since 1970 of the change in that year. */
static int64_t
rule_local(const struct rd_zone_day *d, int64_t year)
{
    int64_t day = rd_civil_days(year, 1, 1) + d->day;

    if (d->kind == RD_ZONE_MONTH)
        day = rule_month_day(d, year);
    else if (d->kind == RD_ZONE_JULIAN && !(rule_is_leap(year) && d->day > 59))
        day--;    /* 29 February has no number */
    return day * RULE_DAY + d->second;
}

static void
rule_consider(int64_t change, int64_t t, int32_t before, int32_t after, struct rd_zone_at *at)
{
    if (change <= t && change > at->since)
        *at = (struct rd_zone_at){ after, before, change };
}

void
rd_zone_rule_at(const struct rd_zone_rule *rule, int64_t t, struct rd_zone_at *at)
{
    int64_t year = rd_civil_of(t + rule->standard).year;

    if (!rule->changes) {
        if (at->since == INT64_MIN)
            at->offset = at->before = rule->standard;
        return;
    }
    for (int64_t y = year - 1; y <= year + 1; y++) {
        rule_consider(rule_local(&rule->start, y) - rule->standard, t, rule->standard,
                      rule->summer, at);
        rule_consider(rule_local(&rule->end, y) - rule->summer, t, rule->summer, rule->standard,
                      at);
    }
}
