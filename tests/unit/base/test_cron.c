/* Cron lines: what they mean, what is refused, and the days on which clocks change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cron.h"

#define DAY INT64_C(86400)

static struct rd_zone *
zone_of(const char *name)
{
    struct rd_zone *z = NULL;
    struct rd_buf why;

    rd_buf_init(&why, 1000);
    if (rd_zone_load(name, &z, &why) != 0)
        fail_msg("%.*s", (int)why.n, why.p);
    rd_buf_free(&why);
    return z;
}

static struct rd_cron
parsed(const char *text)
{
    struct rd_cron c;
    struct rd_buf why;

    rd_buf_init(&why, 1000);
    if (rd_cron_parse(rd_slice_str(text), &c, &why) != 0)
        fail_msg("\"%s\": %.*s", text, (int)why.n, why.p);
    rd_buf_free(&why);
    return c;
}

/* When it is due, in UTC: "01-31 09:00 02-28 09:00". */
static const char *
due(const char *line, const char *zone, int64_t from, int64_t to)
{
    static char text[4000];
    struct rd_cron c = parsed(line);
    struct rd_zone *z = zone_of(zone);
    size_t n = 0;

    text[0] = '\0';
    for (int64_t t = from; t < to && n < sizeof text - 20; t += 60)
        if (rd_cron_due(&c, z, t)) {
            struct rd_civil d = rd_civil_of(t);

            n += (size_t)snprintf(text + n, sizeof text - n, "%s%02u-%02u %02u:%02u",
                                  n > 0 ? " " : "", d.month, d.day, d.hour, d.minute);
        }
    rd_zone_free(z);
    return text;
}

static int64_t
at(int64_t year, unsigned month, unsigned day)
{
    return rd_civil_days(year, month, day) * DAY;
}

static void
lines_mean_what_crontab_says(void **state)
{
    static const struct {
        const char *line, *due;
    } rows[] = {    /* from Thursday 2026-01-01, four days */
        { "0 9 * * mon-fri", "01-01 09:00 01-02 09:00" },
        { "30 8 * * SAT,Sun", "01-03 08:30 01-04 08:30" },
        { "0 0 * * 7", "01-04 00:00" },
        { "0 0 * * 0", "01-04 00:00" },
        { "0 12 2 * 0", "01-02 12:00 01-04 12:00" },         /* either */
        { "0 12 2-3 jan *", "01-02 12:00 01-03 12:00" },
        { "0 12 */2 * fri", "" },                            /* both: odd days, no such Friday */
        { "0 12 * feb *", "" },
        { "15 0-10/5 1 1 *", "01-01 00:15 01-01 05:15 01-01 10:15" },
        { "0,30 6 1 * *", "01-01 06:00 01-01 06:30" },
        { "58-59 23 4 * *", "01-04 23:58 01-04 23:59" },
        { "@daily", "01-01 00:00 01-02 00:00 01-03 00:00 01-04 00:00" },
        { "@Weekly", "01-04 00:00" },
        { "  @yearly ", "01-01 00:00" },
        { "5\t4   3 1  *", "01-03 04:05" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *is = due(rows[i].line, "UTC", at(2026, 1, 1), at(2026, 1, 5));

        if (strcmp(is, rows[i].due) != 0)
            fail_msg("\"%s\": %s", rows[i].line, is);
    }
}

static void
what_is_none_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *line, *reason;
    } rows[] = {
        { "", "is no cron line: it has five fields" },
        { "* * * *", "is no cron line" },
        { "* * * * * *", "is no cron line" },
        { "60 * * * *", "\"60\" is no minute (0-59;" },
        { "* 24 * * *", "\"24\" is no hour" },
        { "* * 0 * *", "\"0\" is no day of the month" },
        { "* * * 13 *", "\"13\" is no month (1-12 or a name" },
        { "* * * * 8", "\"8\" is no day of the week" },
        { "* * * * someday", "\"someday\" is no day of the week" },
        { "5-1 * * * *", "\"5-1\" is no minute" },
        { "*/0 * * * *", "\"*/0\" is no minute" },
        { "1/5 * * * *", "\"1/5\" is no minute" },
        { "1, * * * *", "\"1,\" is no minute" },
        { ",1 * * * *", "\",1\" is no minute" },
        { "1- * * * *", "\"1-\" is no minute" },
        { "x * * * *", "\"x\" is no minute" },
        { "-1 * * * *", "\"-1\" is no minute" },
        { "@reboot", "@reboot is no time" },
        { "@fortnightly", "is no cron line" },
        { "0 0 30 2 *", "never happens" },
        { "0 0 31 4,6,9,11 *", "never happens" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rd_cron c;
        struct rd_buf why;

        rd_buf_init(&why, 1000);
        assert_int_not_equal(rd_cron_parse(rd_slice_str(rows[i].line), &c, &why), 0);
        rd_buf_put_char(&why, '\0');
        if (strstr(why.p, rows[i].reason) == NULL)
            fail_msg("\"%s\": %s", rows[i].line, why.p);
        rd_buf_free(&why);
    }
    parsed("0 0 29 2 *");
    parsed("0 0 31 4 mon");    /* the Mondays happen */
}

static void
clocks_go_forward(void **state)
{
    int64_t from = at(2026, 3, 28), to = at(2026, 3, 31);

    (void)state;
    /* Berlin, 29 March 2026: 02:00 to 03:00 at 01:00 UTC */
    assert_string_equal(due("30 1 * * *", "Europe/Berlin", from, to),
                        "03-28 00:30 03-29 00:30 03-29 23:30 03-30 23:30");
    assert_string_equal(due("30 2 * * *", "Europe/Berlin", from, to),
                        "03-28 01:30 03-29 01:00 03-30 00:30");    /* left out: at once */
    assert_string_equal(due("0 3 * * *", "Europe/Berlin", from, to),
                        "03-28 02:00 03-29 01:00 03-30 01:00");
    assert_string_equal(due("0,30 2 29 * *", "Europe/Berlin", from, to), "03-29 01:00");
    assert_string_equal(due("30 * 29 3 *", "Europe/Berlin", from, from + DAY + 4 * 3600),
                        "03-28 23:30 03-29 00:30 03-29 01:30 03-29 02:30 03-29 03:30");
}

static void
clocks_go_back(void **state)
{
    int64_t from = at(2026, 10, 24), to = at(2026, 10, 27);

    (void)state;
    /* Berlin, 25 October 2026: 03:00 to 02:00 at 01:00 UTC */
    assert_string_equal(due("30 2 * * *", "Europe/Berlin", from, to),
                        "10-24 00:30 10-25 00:30 10-26 01:30");    /* once */
    assert_string_equal(due("0 3 * * *", "Europe/Berlin", from, to),
                        "10-24 01:00 10-25 02:00 10-26 02:00");
    assert_string_equal(due("30 * 25 10 *", "Europe/Berlin", from + DAY, from + DAY + 3 * 3600),
                        "10-25 00:30 10-25 01:30 10-25 02:30");    /* each hour that passes */
    assert_string_equal(due("*/30 2 * * *", "Europe/Berlin", from + DAY, from + DAY + 3 * 3600),
                        "10-25 00:00 10-25 00:30 10-25 01:00 10-25 01:30");
}

static void
elsewhere(void **state)
{
    (void)state;
    /* Lord Howe changes by half an hour, in the other half of the year */
    assert_string_equal(due("15 2 * * *", "Australia/Lord_Howe", at(2026, 10, 2), at(2026, 10, 5)),
                        "10-02 15:45 10-03 15:30 10-04 15:15");
    /* Samoa had no 30 December 2011 */
    assert_string_equal(due("0 9 30 12 *", "Pacific/Apia", at(2011, 12, 28), at(2012, 1, 2)),
                        "12-30 10:00");
    /* Kathmandu is 5:45 ahead, always */
    assert_string_equal(due("0 9 * * *", "Asia/Kathmandu", at(2026, 1, 1), at(2026, 1, 2)),
                        "01-01 03:15");
    assert_string_equal(due("0 9 * * *", "America/New_York", at(2026, 7, 1), at(2026, 7, 2)),
                        "07-01 13:00");
}

/* Each fixed time of a day is due exactly once a local day, in every zone and year tried. */
static void
once_a_day_whatever_the_clocks_do(void **state)
{
    static const char *const zones[] = { "Europe/Berlin", "America/New_York", "Asia/Tehran",
                                         "Australia/Lord_Howe", "America/Sao_Paulo",
                                         "Africa/Cairo" };
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        struct rd_zone *z = zone_of(zones[i]);

        for (unsigned hour = 0; hour < 4; hour++) {
            char line[40];
            struct rd_cron c;
            int64_t count = 0, from = at(2021, 1, 1) + DAY / 2, to = at(2026, 1, 1) + DAY / 2;

            snprintf(line, sizeof line, "30 %u * * *", hour);
            c = parsed(line);
            for (int64_t t = from; t < to; t += 60)
                count += rd_cron_due(&c, z, t);
            assert_int_equal(count, (to - from) / DAY);
            n += (size_t)count;
        }
        rd_zone_free(z);
    }
    printf("%zu days\n", n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_mean_what_crontab_says),
        cmocka_unit_test(what_is_none_is_refused_with_a_reason),
        cmocka_unit_test(clocks_go_forward),
        cmocka_unit_test(clocks_go_back),
        cmocka_unit_test(elsewhere),
        cmocka_unit_test(once_a_day_whatever_the_clocks_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
