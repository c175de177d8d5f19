/* The list of what came lately: its window, its cap, its count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/recent.h"

static struct rd_buf lists[2];    /* the present one, and the one before */

static size_t
add(uint64_t what, uint64_t most, uint64_t now)
{
    struct rd_recent r = { what, most };
    struct rd_buf old = lists[0];
    size_t count;

    lists[0] = lists[1];
    lists[1] = old;
    rd_buf_reset(&lists[0]);
    count = rd_recent_add(rd_buf_slice(&old), &r, now, 100, &lists[0]);
    assert_true(lists[0].n <= most * 16);
    return count;
}

static int
setup(void **state)
{
    (void)state;
    rd_buf_init(&lists[0], 4096);
    rd_buf_init(&lists[1], 4096);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    rd_buf_free(&lists[0]);
    rd_buf_free(&lists[1]);
    return 0;
}

static void
the_same_is_counted_in_its_window(void **state)
{
    (void)state;
    assert_int_equal(add(7, 10, 1000), 1);
    assert_int_equal(add(7, 10, 1050), 2);
    assert_int_equal(add(8, 10, 1060), 1);
    assert_int_equal(add(7, 10, 1099), 3);
    assert_int_equal(add(7, 10, 1100), 3);    /* the first one is over */
    assert_int_equal(add(7, 10, 1199), 2);
    assert_int_equal(add(8, 10, 5000), 1);
}

static void
no_more_than_the_cap_is_kept(void **state)
{
    (void)state;
    for (size_t i = 1; i <= 20; i++)
        assert_int_equal(add(7, 5, 10000), i < 5 ? i : 5);
    assert_int_equal(add(7, 1, 10000), 1);
    assert_int_equal(add(7, 3, 10000), 2);
}

static void
a_full_buffer_counts_nothing(void **state)
{
    struct rd_recent r = { 7, 5 };
    struct rd_buf small;

    (void)state;
    rd_buf_init(&small, 8);
    assert_int_equal(rd_recent_add(RD_LIT(""), &r, 1, 100, &small), 0);
    rd_buf_free(&small);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_is_counted_in_its_window, setup, teardown),
        cmocka_unit_test_setup_teardown(no_more_than_the_cap_is_kept, setup, teardown),
        cmocka_unit_test(a_full_buffer_counts_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
