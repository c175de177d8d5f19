/* zone.c - see zone.h: the file, its transitions, dates. The rule behind them is zone_rule.c. */
#include "base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/zone_rule.h"

#define ZONE_FOLDER "/usr/share/zoneinfo"
#define ZONE_FILE_MOST ((size_t)256 * 1024)    /* the largest of tzdata has 4 KiB */
#define ZONE_HEAD 44                           /* bytes of a TZif header */
#define ZONE_DAY 86400

struct zone_change {
    int64_t at;
    int32_t offset;
};

struct rd_zone {
    int32_t first;                  /* offset before the first change */
    struct zone_change *changes;
    size_t n;
    struct rd_zone_rule rule;       /* after the last one */
};

/* ---- the file ------------------------------------------------------------------- */

/* What is left of it; reading beyond the end gives zeros and makes it bad. */
struct zone_in {
    struct rd_slice rest;
    bool bad;
};

static const uint8_t *
zone_take(struct zone_in *in, size_t n)
{
    static const uint8_t zeros[ZONE_HEAD];
    const char *p = in->rest.p;

    if (n > in->rest.n) {
        in->bad = true;
        return zeros;
    }
    in->rest = rd_slice_skip(in->rest, n);
    return (const uint8_t *)p;
}

static int64_t
zone_number(struct zone_in *in, size_t n)
{
    const uint8_t *p = zone_take(in, n);
    uint64_t value = n == 8 || !(p[0] & 0x80) ? 0 : UINT64_MAX;

    for (size_t i = 0; i < n; i++)
        value = value << 8 | p[i];
    return (int64_t)value;
}

struct zone_counts {
    uint8_t version;
    size_t isut, isstd, leap, time, type, chars;
};

static struct zone_counts
zone_header(struct zone_in *in)
{
    struct zone_counts c;
    const uint8_t *magic = zone_take(in, 4);

    in->bad = in->bad || memcmp(magic, "TZif", 4) != 0;
    c.version = *zone_take(in, 1);
    zone_take(in, 15);
    c.isut = (uint32_t)zone_number(in, 4);
    c.isstd = (uint32_t)zone_number(in, 4);
    c.leap = (uint32_t)zone_number(in, 4);
    c.time = (uint32_t)zone_number(in, 4);
    c.type = (uint32_t)zone_number(in, 4);
    c.chars = (uint32_t)zone_number(in, 4);
    if (c.time > ZONE_FILE_MOST || c.type == 0 || c.type > 256 || c.leap > ZONE_FILE_MOST)
        in->bad = true;
    return c;
}

/* Bytes of a data block whose times have `wide` bytes. */
static size_t
zone_block(const struct zone_counts *c, size_t wide)
{
    return c->time * (wide + 1) + c->type * 6 + c->chars + c->leap * (wide + 4) + c->isstd +
           c->isut;
}

/* The block at the beginning of `in`: times, the type of each, the types. */
static void
zone_read_block(struct rd_zone *z, struct zone_in *in, const struct zone_counts *c, size_t wide)
{
    struct zone_in types = *in, offsets = *in;

    zone_take(&types, c->time * wide);
    offsets = types;
    zone_take(&offsets, c->time);
    z->changes = rd_calloc(c->time + 1, sizeof *z->changes);
    z->n = c->time;
    for (size_t i = 0; i < c->time && !types.bad; i++) {
        struct zone_in at = offsets;
        uint8_t type = *zone_take(&types, 1);

        in->bad = in->bad || type >= c->type;
        z->changes[i].at = zone_number(in, wide);
        zone_take(&at, (size_t)type * 6);
        z->changes[i].offset = (int32_t)zone_number(&at, 4);
        in->bad = in->bad || at.bad || (i > 0 && z->changes[i].at <= z->changes[i - 1].at);
    }
    z->first = (int32_t)zone_number(&offsets, 4);
    in->bad = in->bad || types.bad || offsets.bad;
}

static int32_t
zone_last_offset(const struct rd_zone *z)
{
    return z->n > 0 ? z->changes[z->n - 1].offset : z->first;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n"; empty: the last offset stays. */
static void
zone_read_footer(struct rd_zone *z, struct zone_in *in)
{
    struct rd_slice text = in->rest;

    z->rule.standard = z->rule.summer = zone_last_offset(z);
    if (text.n < 2 || text.p[0] != '\n') {
        in->bad = true;
        return;
    }
    text = rd_slice_skip(text, 1);
    text.n = rd_slice_find(text, '\n');
    if (text.n > 0 && rd_zone_rule_parse(text, &z->rule) != 0)
        in->bad = true;
}

int
rd_zone_parse(struct rd_slice file, struct rd_zone **out)
{
    struct zone_in in = { file, false };
    struct zone_counts c = zone_header(&in);
    struct rd_zone *z = rd_calloc(1, sizeof *z);
    size_t wide = 4, block = zone_block(&c, 4);

    if (c.version >= '2' && !in.bad) {    /* everything again, with times of 64 bits */
        zone_take(&in, block);
        c = zone_header(&in);
        wide = 8;
        block = zone_block(&c, 8);
    }
    if (!in.bad && block <= in.rest.n) {
        struct zone_in data = in;

        zone_read_block(z, &data, &c, wide);
        zone_take(&in, block);
        in.bad = in.bad || data.bad;
        z->rule.standard = z->rule.summer = zone_last_offset(z);
        if (wide == 8 && !in.bad)
            zone_read_footer(z, &in);
    } else {
        in.bad = true;
    }
    if (in.bad) {
        rd_zone_free(z);
        return RD_E_INVALID;
    }
    *out = z;
    return 0;
}

/* ---- loading --------------------------------------------------------------------- */

static bool
zone_is_name(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");

    return n > 0 && name[n] == '\0' && name[0] != '/' && n < 100;
}

static bool
zone_read_file(const char *folder, const char *name, struct rd_buf *file)
{
    char path[4096], part[4096];
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "rbe");
    if (f == NULL)
        return false;
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        rd_buf_put(file, part, n);
    fclose(f);
    return file->n > 0;
}

static int
zone_explain(const char *name, const char *folder, struct rd_buf *why)
{
    FILE *any = NULL;
    char path[4096];

    snprintf(path, sizeof path, "%s/Europe/London", folder);
    any = fopen(path, "rbe");
    if (any == NULL)
        rd_buf_printf(why, "no time zone \"%s\": %s has no zones (install tzdata)", name, folder);
    else
        rd_buf_printf(why, "no time zone \"%s\" in %s (names are such as \"Europe/Berlin\", "
                      "\"America/New_York\", \"UTC\")", name, folder);
    if (any != NULL)
        fclose(any);
    return RD_E_NOT_FOUND;
}

static struct rd_zone *
zone_utc(void)
{
    struct rd_zone *z = rd_calloc(1, sizeof *z);

    z->changes = rd_calloc(1, sizeof *z->changes);
    return z;
}

int
rd_zone_load(const char *name, struct rd_zone **out, struct rd_buf *why)
{
    const char *folder = getenv("TZDIR");
    struct rd_buf file;
    int error;

    if (strcmp(name, "UTC") == 0) {
        *out = zone_utc();
        return 0;
    }
    if (folder == NULL || folder[0] == '\0')
        folder = ZONE_FOLDER;
    rd_buf_init(&file, ZONE_FILE_MOST);
    if (!zone_is_name(name) || !zone_read_file(folder, name, &file)) {
        error = zone_explain(name, folder, why);
    } else {
        error = rd_zone_parse(rd_buf_slice(&file), out);
        if (error != 0)
            rd_buf_printf(why, "time zone \"%s\": %s/%s is no zone file", name, folder, name);
    }
    rd_buf_free(&file);
    return error;
}

void
rd_zone_free(struct rd_zone *z)
{
    if (z == NULL)
        return;
    free(z->changes);
    free(z);
}

/* ---- asking ------------------------------------------------------------------------ */

/* Number of changes at or before t. */
static size_t
zone_count_until(const struct rd_zone *z, int64_t t)
{
    size_t low = 0, high = z->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (z->changes[middle].at <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void
rd_zone_at(const struct rd_zone *z, int64_t t, struct rd_zone_at *at)
{
    size_t i = zone_count_until(z, t);

    *at = (struct rd_zone_at){ z->first, z->first, INT64_MIN };
    if (i > 0) {
        at->offset = z->changes[i - 1].offset;
        at->before = i > 1 ? z->changes[i - 2].offset : z->first;
        at->since = z->changes[i - 1].at;
    }
    if (i == z->n)
        rd_zone_rule_at(&z->rule, t, at);
}

/* ---- dates --------------------------------------------------------------------------- */

/* Days of an era of 400 years that begins in March (H. Hinnant, chrono-compatible algorithms). */
int64_t
rd_civil_days(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct rd_civil
rd_civil_of(int64_t local)
{
    int64_t days = (local >= 0 ? local : local - (ZONE_DAY - 1)) / ZONE_DAY;
    int64_t second = local - days * ZONE_DAY, z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t mp = (5 * of_year + 2) / 153;
    unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);

    return (struct rd_civil){
        .year = years + era * 400 + (month <= 2), .month = month,
        .day = (unsigned)(of_year - (153 * mp + 2) / 5 + 1),
        .hour = (unsigned)(second / 3600), .minute = (unsigned)(second / 60 % 60),
        .weekday = (unsigned)(((days % 7) + 11) % 7),
    };
}
