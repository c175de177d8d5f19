/* Zones of the system against what libc makes of the same names, and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/zone.h"
#include "base/zone_rule.h"
#include "vectors.h"

static const char *const names[] = {
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York",
    "America/St_Johns", "America/Sao_Paulo", "America/Nuuk", "Asia/Kolkata", "Asia/Tehran",
    "Asia/Kathmandu", "Asia/Gaza", "Africa/Casablanca", "Africa/Cairo", "Australia/Lord_Howe",
    "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "Antarctica/Troll", "Etc/GMT+5",
};

static void
check_moment(const struct rd_zone *z, const char *name, int64_t t)
{
    struct rd_zone_at at;
    struct rd_civil d;
    time_t moment = (time_t)t;
    struct tm tm;

    rd_zone_at(z, t, &at);
    localtime_r(&moment, &tm);
    d = rd_civil_of(t + at.offset);
    if (tm.tm_gmtoff != at.offset)
        fail_msg("%s at %lld: %d, not %ld", name, (long long)t, at.offset, tm.tm_gmtoff);
    assert_int_equal(d.year, tm.tm_year + 1900);
    assert_int_equal(d.month, tm.tm_mon + 1);
    assert_int_equal(d.day, tm.tm_mday);
    assert_int_equal(d.hour, tm.tm_hour);
    assert_int_equal(d.minute, tm.tm_min);
    assert_int_equal(d.weekday, tm.tm_wday);
    assert_true(at.since <= t);
    assert_true(at.since == INT64_MIN || at.since == t || t - at.since > 0);
}

static void
offsets_are_libcs(void **state)
{
    size_t n = 0, steps = scaled(200000, 3000);

    (void)state;
    random_start();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct rd_zone *z = NULL;
        struct rd_buf why;

        rd_buf_init(&why, 1000);
        assert_int_equal(rd_zone_load(names[i], &z, &why), 0);
        setenv("TZ", names[i], 1);
        tzset();
        for (size_t k = 0; k < steps; k++, n++)    /* 1970 to 2099 */
            check_moment(z, names[i], (int64_t)random_below(4090000000u));
        rd_zone_free(z);
        rd_buf_free(&why);
    }
    printf("%zu moments in %zu zones\n", n, sizeof names / sizeof names[0]);
}

static void
a_missing_zone_is_named(void **state)
{
    static const char *const bad[] = { "Europe/Berln", "../../etc/passwd", "/etc/passwd", "",
                                       "posixrules/../x", "Europe", "zone.tab" };
    struct rd_zone *z = NULL;
    struct rd_buf why;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rd_buf_init(&why, 1000);
        assert_int_not_equal(rd_zone_load(bad[i], &z, &why), 0);
        rd_buf_put_char(&why, '\0');
        assert_non_null(strstr(why.p, bad[i]));
        rd_buf_free(&why);
    }
    setenv("TZDIR", "/nonexistent", 1);
    rd_buf_init(&why, 1000);
    assert_int_equal(rd_zone_load("Europe/Berlin", &z, &why), RD_E_NOT_FOUND);
    rd_buf_put_char(&why, '\0');
    assert_non_null(strstr(why.p, "install tzdata"));
    rd_buf_free(&why);
    assert_int_equal(rd_zone_load("UTC", &z, NULL), 0);
    rd_zone_free(z);
    unsetenv("TZDIR");
}

/* A file that is cut, or has another byte, is refused or is some zone; nothing is read beyond. */
static void
broken_files_do_no_harm(void **state)
{
    FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    static char file[8192];
    struct rd_zone *z;
    size_t n, refused = 0;

    (void)state;
    assert_non_null(f);
    n = fread(file, 1, sizeof file, f);
    fclose(f);
    for (size_t cut = 0; cut < n; cut++) {
        char *copy = malloc(cut + 1);

        memcpy(copy, file, cut);
        if (rd_zone_parse(rd_slice_make(copy, cut), &z) == 0)
            rd_zone_free(z);
        else
            refused++;
        free(copy);
    }
    for (size_t i = 0; i < n; i++) {
        struct rd_zone_at at;
        char was = file[i];

        file[i] = (char)random_below(256);
        if (rd_zone_parse(rd_slice_make(file, n), &z) == 0) {
            rd_zone_at(z, 1774749540, &at);
            rd_zone_free(z);
        }
        file[i] = was;
    }
    assert_true(refused > n / 2);
}

static void
rules_are_read(void **state)
{
    static const char *const good[] = { "CET-1CEST,M3.5.0,M10.5.0/3", "<+0330>-3:30",
                                        "EST5EDT,M3.2.0,M11.1.0", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                                        "XXX3EDT4,0/0,J365/23",
                                        "IST-2IDT,M3.4.4/50,M10.4.4/50" };
    static const char *const bad[] = { "", "C-1", "CET", "CET-1CEST", "CET-1CEST,M3.5.0",
                                       "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
                                       "CET-1CEST,J0,J1", "<CET-1", "CET-25",
                                       "CET-1CEST,M3.5.0,M10.5.0/3 " };
    struct rd_zone_rule rule;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (rd_zone_rule_parse(rd_slice_str(good[i]), &rule) != 0)
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (rd_zone_rule_parse(rd_slice_str(bad[i]), &rule) == 0)
            fail_msg("%s", bad[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_libcs),
        cmocka_unit_test(a_missing_zone_is_named),
        cmocka_unit_test(broken_files_do_no_harm),
        cmocka_unit_test(rules_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
