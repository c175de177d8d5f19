/* Warnings are kept for a while: the latest ones, whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/log_recent.h"

static size_t
count(const char *needle, struct rd_buf *out)
{
    size_t n = 0;

    rd_buf_init(out, RD_LOG_RECENT);
    rd_log_recent_find(rd_slice_str(needle), out);
    for (size_t i = 0; i < out->n; i++)
        n += out->p[i] == '\n';
    return n;
}

static void
lines_are_found_until_newer_ones_need_their_room(void **state)
{
    struct rd_buf out;
    char line[64];

    (void)state;
    rd_log_recent_keep(RD_LIT("ts=1 sid=SM1 msg=first\n"), true);
    rd_log_recent_keep(RD_LIT("ts=2 sid=SM2 msg=second\n"), true);
    rd_log_recent_keep(RD_LIT("ts=2 sid=SM4 msg=note\n"), false);
    rd_log_recent_keep(RD_LIT(""), true);
    assert_int_equal(count("SM1", &out), 1);
    assert_memory_equal(out.p, "ts=1 sid=SM1 msg=first\n", out.n);
    rd_buf_free(&out);
    assert_int_equal(count("SM3", &out), 0);
    rd_buf_free(&out);
    for (unsigned i = 0; i < 50000; i++) {
        int n = snprintf(line, sizeof line, "ts=3 sid=SX%06u\n", i);

        rd_log_recent_keep(rd_slice_make(line, (size_t)n), true);
    }
    assert_int_equal(count("SM1", &out), 0);
    rd_buf_free(&out);
    assert_int_equal(count("SM4", &out), 1);    /* no warning: in a room of its own */
    rd_buf_free(&out);
    assert_int_equal(count("SX049999", &out), 1);
    rd_buf_free(&out);
    assert_true(count("sid=SX", &out) > RD_LOG_RECENT / 2 / sizeof "ts=3 sid=SX123456");
    assert_memory_equal(out.p, "ts=3 sid=SX", 11);    /* whole lines only */
    rd_buf_free(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_found_until_newer_ones_need_their_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
