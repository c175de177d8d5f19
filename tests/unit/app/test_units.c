/* test_units.c - durations and sizes as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/units.h"
#include "base/error.h"

static void
test_durations(void **state)
{
    static const struct { const char *text; int64_t ms; } cases[] = {
        { "8s", 8000 }, { "500ms", 500 }, { "5m", 300000 }, { "2h", 7200000 },
        { "30d", INT64_C(2592000000) }, { "13.5s", 13500 }, { "0.25s", 250 }, { " 1 s ", 1000 },
        { "0s", 0 }, { "1.5m", 90000 },
        { "", -1 }, { "s", -1 }, { "8", -1 }, { "8 sec", -1 }, { "-1s", -1 }, { "1.s", -1 },
        { "1.0005s", -1 }, { "0.5ms", -1 }, { "1e3s", -1 }, { "99999999999d", -1 },
        { "1s1s", -1 }, { "8S", -1 }, { "1000000000d", -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = -1;
        int status = rd_units_duration(rd_slice_str(cases[i].text), &ms);

        if (status != (cases[i].ms < 0 ? RD_E_INVALID : 0) || ms != cases[i].ms)
            fail_msg("\"%s\": %d, %lld", cases[i].text, status, (long long)ms);
    }
}

static void
test_sizes(void **state)
{
    int64_t n;

    (void)state;
    assert_int_equal(rd_units_size(RD_LIT("64KiB"), &n), 0);
    assert_int_equal(n, 65536);
    assert_int_equal(rd_units_size(RD_LIT("4 GiB"), &n), 0);
    assert_int_equal(n, INT64_C(4) << 30);
    assert_int_equal(rd_units_size(RD_LIT("0.5MiB"), &n), 0);
    assert_int_equal(n, 1 << 19);
    assert_int_equal(rd_units_size(RD_LIT("100B"), &n), 0);
    assert_int_equal(n, 100);
    assert_int_equal(rd_units_size(RD_LIT("64KB"), &n), RD_E_INVALID);
    assert_int_equal(rd_units_size(RD_LIT("999999999TiB"), &n), RD_E_INVALID);
}

static const char *
put(void (*fn)(struct rd_buf *out, int64_t n), int64_t n)
{
    static char text[64];
    struct rd_buf out;

    rd_buf_init(&out, sizeof text - 1);
    fn(&out, n);
    rd_buf_put_char(&out, 0);
    memcpy(text, out.p, out.n);
    rd_buf_free(&out);
    return text;
}

static void
test_printing_is_exact(void **state)
{
    (void)state;
    assert_string_equal(put(rd_units_put_duration, 8000), "8s");
    assert_string_equal(put(rd_units_put_duration, 13500), "13.5s");
    assert_string_equal(put(rd_units_put_duration, 90000), "90s");
    assert_string_equal(put(rd_units_put_duration, 300000), "5m");
    assert_string_equal(put(rd_units_put_duration, 86400000), "1d");
    assert_string_equal(put(rd_units_put_duration, 2), "2ms");
    assert_string_equal(put(rd_units_put_duration, 0), "0ms");
    assert_string_equal(put(rd_units_put_size, 65536), "64KiB");
    assert_string_equal(put(rd_units_put_size, 1000), "1000B");
    assert_string_equal(put(rd_units_put_size, INT64_C(4) << 30), "4GiB");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_printing_is_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
