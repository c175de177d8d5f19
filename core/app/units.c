/* units.c - see units.h. No state; called by the configuration and the help. */
#include "app/units.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/error.h"

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit units_time[] = {
    { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 },
};

static const struct unit units_bytes[] = {
    { "TiB", INT64_C(1) << 40 }, { "GiB", 1 << 30 }, { "MiB", 1 << 20 }, { "KiB", 1 << 10 },
    { "B", 1 },                  { NULL, 0 },
};

#define UNITS_MOST INT64_C(1000000000)    /* largest number before its unit */

static bool
units_is_digit(struct rd_slice s)
{
    return s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9';
}

/* Reads digits[.digits] as thousandths; false when there is none or it is too large or fine. */
static bool
units_number(struct rd_slice *s, int64_t *thousandths)
{
    int64_t n = 0, place = 1000;

    if (!units_is_digit(*s))
        return false;
    for (; units_is_digit(*s) && n <= UNITS_MOST; *s = rd_slice_skip(*s, 1))
        n = n * 10 + (s->p[0] - '0');
    if (n > UNITS_MOST)
        return false;
    n *= 1000;
    if (s->n > 1 && s->p[0] == '.') {
        *s = rd_slice_skip(*s, 1);
        if (!units_is_digit(*s))
            return false;
        for (; units_is_digit(*s) && place > 1; *s = rd_slice_skip(*s, 1))
            n += (s->p[0] - '0') * (place /= 10);
    }
    *thousandths = n;
    return true;
}

static int
units_parse(struct rd_slice text, const struct unit *table, int64_t *value)
{
    int64_t thousandths;

    text = rd_slice_trim(text);
    if (!units_number(&text, &thousandths))
        return RD_E_INVALID;
    text = rd_slice_trim(text);
    for (; table->name != NULL; table++)
        if (rd_slice_eq(text, rd_slice_str(table->name))) {
            if (thousandths > INT64_MAX / table->factor
                || thousandths * table->factor % 1000 != 0)
                return RD_E_INVALID;
            *value = thousandths * table->factor / 1000;
            return 0;
        }
    return RD_E_INVALID;
}

int
rd_units_duration(struct rd_slice text, int64_t *ms)
{
    return units_parse(text, units_time, ms);
}

int
rd_units_size(struct rd_slice text, int64_t *bytes)
{
    return units_parse(text, units_bytes, bytes);
}

static void
units_put(struct rd_buf *out, const struct unit *table, int64_t value)
{
    while (table->factor > 1 && (value < table->factor || value % table->factor != 0))
        table++;
    rd_buf_printf(out, "%" PRId64 "%s", value / table->factor, table->name);
}

void
rd_units_put_duration(struct rd_buf *out, int64_t ms)
{
    if (ms > 1000 && ms % 1000 != 0 && ms % 100 == 0)
        rd_buf_printf(out, "%" PRId64 ".%" PRId64 "s", ms / 1000, ms % 1000 / 100);
    else
        units_put(out, units_time, ms);
}

void
rd_units_put_size(struct rd_buf *out, int64_t bytes)
{
    units_put(out, units_bytes, bytes);
}
