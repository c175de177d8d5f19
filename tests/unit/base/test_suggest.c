/* test_suggest.c - near names are found, far ones are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/suggest.h"

static const char *const known[] = { "run", "check", "text", "help", "deadline", "late_limit",
                                     "max_in_flight", NULL };

static const char *
suggest(const char *typed)
{
    struct rd_suggest s;

    rd_suggest_start(&s, rd_slice_str(typed));
    for (size_t i = 0; known[i] != NULL; i++)
        rd_suggest_offer(&s, rd_slice_str(known[i]));
    return s.best.p ? s.best.p : "";
}

static void
test_near_names_are_found(void **state)
{
    (void)state;
    assert_string_equal(suggest("chekc"), "check");
    assert_string_equal(suggest("tex"), "text");
    assert_string_equal(suggest("Deadline"), "deadline");
    assert_string_equal(suggest("dead_line"), "deadline");
    assert_string_equal(suggest("late-limit"), "late_limit");
    assert_string_equal(suggest("max_inflight"), "max_in_flight");
    assert_string_equal(suggest("rnu"), "run");
}

static void
test_far_names_are_not(void **state)
{
    char big[200];

    (void)state;
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = 0;
    assert_string_equal(suggest("colour"), "");
    assert_string_equal(suggest(""), "");
    assert_string_equal(suggest(big), "");
    assert_string_equal(suggest("serve"), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_names_are_found),
        cmocka_unit_test(test_far_names_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
