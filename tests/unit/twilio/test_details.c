/* Which parameter is which field, and what a value must look like to be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "twilio/details.h"

static void
the_rows_of_a_table_stand_together(void **state)
{
    (void)state;
    for (const struct rd_detail *d = rd_details; d->name != NULL; d++) {
        bool left = false;

        for (const struct rd_detail *e = d + 1; e->name != NULL; e++) {
            bool same = strcmp(e->table, d->table) == 0;

            if (same && (left || strcmp(e->name, d->name) == 0))
                fail_msg("%s.%s", e->table, e->name);
            left = left || !same;
        }
    }
}

static void
an_empty_parameter_is_an_absent_one(void **state)
{
    struct rd_param at[] = { { RD_LIT("NumSegments"), RD_LIT("") } };
    struct rd_params params = { at, 1 };

    (void)state;
    assert_string_equal(rd_details[0].param, "NumSegments");
    assert_null(rd_detail_get(&params, &rd_details[0]).p);
    at[0].value = RD_LIT("3");
    assert_true(rd_slice_eq(rd_detail_get(&params, &rd_details[0]), RD_LIT("3")));
}

static void
a_number_is_what_twilio_writes_and_nothing_else(void **state)
{
    static const char *const bad[] = { "", " 1", "1 ", "nan", "inf", "0x10", "1,5", "--1", "1.2.3",
                                       ".", "+", "-", "e", "1e999" };
    double n = 0;

    (void)state;
    assert_true(rd_detail_number(RD_LIT("51.51322977399644"), &n) && n == 51.51322977399644);
    assert_true(rd_detail_number(RD_LIT("-0.2197976373036567"), &n) && n == -0.2197976373036567);
    assert_true(rd_detail_number(RD_LIT("-1.5E-7"), &n) && n == -1.5e-7);
    assert_true(rd_detail_number(RD_LIT("0"), &n) && n == 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (rd_detail_number(rd_slice_str(bad[i]), &n))
            fail_msg("\"%s\" passes for a number", bad[i]);
    assert_false(rd_detail_number(rd_slice_make("1\0002", 3), &n));
    assert_false(rd_detail_number(RD_LIT("11111111111111111111111111111111111111111"), &n));
}

static void
integers_are_digits(void **state)
{
    long long n;

    (void)state;
    assert_true(rd_detail_integer(RD_LIT("011"), &n) && n == 11);
    assert_true(rd_detail_integer(RD_LIT("999999999999999999"), &n) && n == 999999999999999999);
    assert_false(rd_detail_integer(RD_LIT("1999999999999999999"), &n));
    assert_false(rd_detail_integer(RD_LIT("-1"), &n));
    assert_false(rd_detail_integer(RD_LIT("1.0"), &n));
    assert_false(rd_detail_integer(RD_LIT(""), &n));
}

static void
flags_are_true_or_false(void **state)
{
    bool flag;

    (void)state;
    assert_true(rd_detail_flag(RD_LIT("true"), &flag) && flag);
    assert_true(rd_detail_flag(RD_LIT("False"), &flag) && !flag);
    assert_false(rd_detail_flag(RD_LIT("1"), &flag));
    assert_false(rd_detail_flag(RD_LIT("truefalse"), &flag));
    assert_false(rd_detail_flag(RD_LIT(""), &flag));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rows_of_a_table_stand_together),
        cmocka_unit_test(an_empty_parameter_is_an_absent_one),
        cmocka_unit_test(a_number_is_what_twilio_writes_and_nothing_else),
        cmocka_unit_test(integers_are_digits),
        cmocka_unit_test(flags_are_true_or_false),
    };

    return cmocka_run_group_tests_name("twilio/details", tests, NULL, NULL);
}
