/* cron.c - see cron.h. Called at load (parse) and by gateway/schedule (due). */
#include "base/cron.h"

#include <string.h>

#include "base/error.h"

#define CRON_MINUTE 60

/* ---- reading -------------------------------------------------------------------- */

static const char *const cron_months[] = { "jan", "feb", "mar", "apr", "may", "jun",
                                           "jul", "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const cron_weekdays[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat",
                                             NULL };

static const struct cron_field {
    const char *name;
    unsigned least, most;
    const char *const *names;    /* of the values from least on */
} cron_fields[] = {
    { "minute", 0, 59, NULL },
    { "hour", 0, 23, NULL },
    { "day of the month", 1, 31, NULL },
    { "month", 1, 12, cron_months },
    { "day of the week", 0, 7, cron_weekdays },
};

#define CRON_FIELDS (sizeof cron_fields / sizeof cron_fields[0])

static const struct {
    const char *name, *line;
} cron_short[] = {
    { "@hourly", "0 * * * *" },   { "@daily", "0 0 * * *" },  { "@midnight", "0 0 * * *" },
    { "@weekly", "0 0 * * 0" },   { "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" },
    { "@annually", "0 0 1 1 *" },
};

static bool
cron_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number or a name at the beginning of *s, which is moved on; -1: neither. */
static int
cron_value(const struct cron_field *f, struct rd_slice *s)
{
    int value = 0;
    size_t n = 0;

    while (n < s->n && n < 3 && cron_is_digit(s->p[n]))
        value = value * 10 + (s->p[n++] - '0');
    if (n > 0) {
        *s = rd_slice_skip(*s, n);
        return value;
    }
    for (unsigned i = 0; f->names != NULL && f->names[i] != NULL && s->n >= 3; i++)
        if (rd_slice_eq_nocase(rd_slice_make(s->p, 3), rd_slice_str(f->names[i]))) {
            *s = rd_slice_skip(*s, 3);
            return (int)(f->least + i);
        }
    return -1;
}

/* "/n" behind a range, 1 without; 0: not valid. */
static unsigned
cron_step(struct rd_slice *s)
{
    static const struct cron_field step = { "step", 1, 59, NULL };
    int value;

    if (s->n == 0 || s->p[0] != '/')
        return 1;
    *s = rd_slice_skip(*s, 1);
    value = cron_value(&step, s);
    return value >= 1 && value <= 59 ? (unsigned)value : 0;
}

/* "*", "5", "1-5", "mon-fri", each with a step but the single value. */
static int
cron_range(const struct cron_field *f, struct rd_slice s, uint64_t *bits)
{
    int first = (int)f->least, last = (int)f->most;
    bool single = false;
    unsigned step;

    if (s.n > 0 && s.p[0] == '*') {
        s = rd_slice_skip(s, 1);
    } else {
        first = last = cron_value(f, &s);
        single = s.n == 0 || s.p[0] != '-';
        if (!single) {
            s = rd_slice_skip(s, 1);
            last = cron_value(f, &s);
        }
    }
    step = single && s.n > 0 ? 0 : cron_step(&s);
    if (step == 0 || s.n > 0 || first < (int)f->least || last > (int)f->most || first > last)
        return RD_E_INVALID;
    for (unsigned i = (unsigned)first; i <= (unsigned)last; i += step)
        *bits |= UINT64_C(1) << (i & 63);    /* at most 59: f->most */
    return 0;
}

static int
cron_field(const struct cron_field *f, struct rd_slice s, uint64_t *bits, struct rd_buf *why)
{
    struct rd_slice rest = s;

    *bits = 0;
    do {
        size_t n = rd_slice_find(rest, ',');

        if (cron_range(f, rd_slice_make(rest.p, n), bits) != 0) {
            rd_buf_printf(why, "\"%.*s\" is no %s (%u-%u%s; lists, ranges a-b, steps */n)",
                          RD_PRI(s), f->name, f->least, f->most,
                          f->names != NULL ? " or a name of three letters" : "");
            return RD_E_INVALID;
        }
        rest = n < rest.n ? rd_slice_skip(rest, n + 1) : rd_slice_make(NULL, 0);
        if (rest.p != NULL && rest.n == 0)
            rest = RD_LIT(",");    /* a comma at the end: not valid */
    } while (rest.n > 0);
    return 0;
}

/* The next word of *s; empty at the end. */
static struct rd_slice
cron_word(struct rd_slice *s)
{
    struct rd_slice word;
    size_t n = 0;

    *s = rd_slice_trim(*s);
    while (n < s->n && s->p[n] != ' ' && s->p[n] != '\t')
        n++;
    word = rd_slice_make(s->p, n);
    *s = rd_slice_skip(*s, n);
    return word;
}

/* Days that some of the months have, for lines that name no weekday. */
static bool
cron_can_happen(const struct rd_cron *c)
{
    static const unsigned days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    if (c->any_day || !c->any_weekday)
        return true;
    for (unsigned month = 1; month <= 12; month++)
        if (c->months >> month & 1)
            for (unsigned day = 1; day <= days[month - 1]; day++)
                if (c->days >> day & 1)
                    return true;
    return false;
}

static int
cron_explain_count(struct rd_slice text, struct rd_buf *why)
{
    if (rd_slice_eq_nocase(text, RD_LIT("@reboot")))
        rd_buf_put_str(why, "@reboot is no time: a file's own code runs when it is loaded");
    else
        rd_buf_printf(why, "\"%.*s\" is no cron line: it has five fields (minute hour day month "
                      "weekday), or is @hourly, @daily, @weekly, @monthly or @yearly",
                      RD_PRI(text));
    return RD_E_INVALID;
}

int
rd_cron_parse(struct rd_slice text, struct rd_cron *cron, struct rd_buf *why)
{
    struct rd_slice rest = rd_slice_trim(text), words[CRON_FIELDS];
    uint64_t bits[CRON_FIELDS];
    int error = 0;

    for (size_t i = 0; i < sizeof cron_short / sizeof cron_short[0]; i++)
        if (rd_slice_eq_nocase(rest, rd_slice_str(cron_short[i].name)))
            rest = rd_slice_str(cron_short[i].line);
    for (size_t i = 0; i < CRON_FIELDS; i++)
        words[i] = cron_word(&rest);
    if (words[CRON_FIELDS - 1].n == 0 || rest.n > 0)
        return cron_explain_count(rd_slice_trim(text), why);
    for (size_t i = 0; i < CRON_FIELDS && error == 0; i++)
        error = cron_field(&cron_fields[i], words[i], &bits[i], why);
    if (error != 0)
        return error;
    *cron = (struct rd_cron){
        .minutes = bits[0], .hours = (uint32_t)bits[1], .days = (uint32_t)bits[2],
        .months = (uint32_t)bits[3], .weekdays = (uint32_t)((bits[4] | bits[4] >> 7) & 0x7f),
        .any_day = words[2].p[0] == '*', .any_weekday = words[4].p[0] == '*',
        .runs_on = words[0].p[0] == '*' || words[1].p[0] == '*',
    };
    if (cron_can_happen(cron))
        return 0;
    rd_buf_printf(why, "\"%.*s\" never happens: none of its months has such a day", RD_PRI(text));
    return RD_E_INVALID;
}

/* ---- asking ---------------------------------------------------------------------- */

/* Day and weekday both given: either is enough, as everywhere. */
static bool
cron_is_day(const struct rd_cron *c, const struct rd_civil *d)
{
    bool day = c->days >> d->day & 1, weekday = c->weekdays >> d->weekday & 1;

    return c->any_day || c->any_weekday ? day && weekday : day || weekday;
}

static bool
cron_is(const struct rd_cron *c, int64_t local)
{
    struct rd_civil d = rd_civil_of(local);

    return (c->minutes >> d.minute & 1) && (c->hours >> d.hour & 1) &&
           (c->months >> d.month & 1) && cron_is_day(c, &d);
}

bool
rd_cron_due(const struct rd_cron *cron, const struct rd_zone *zone, int64_t t)
{
    struct rd_zone_at at;
    int64_t passed, shift;

    rd_zone_at(zone, t, &at);
    if (cron->runs_on || at.since == INT64_MIN)
        return cron_is(cron, t + at.offset);
    passed = t - at.since;
    shift = at.offset - at.before;
    if (shift < 0 && passed < -shift)
        return false;    /* the clock shows this for the second time */
    if (shift > 0 && passed < CRON_MINUTE)
        for (int64_t skipped = t + at.before; skipped < t + at.offset; skipped += CRON_MINUTE)
            if (cron_is(cron, skipped))
                return true;
    return cron_is(cron, t + at.offset);
}
