/* The order of delivery states, and what Twilio's error codes say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "twilio/status.h"

static void
states_have_the_order_of_the_table(void **state)
{
    static const char *const order[][4] = {
        { "accepted", "scheduled", "queued" }, { "sending" }, { "sent" },
        { "delivered", "undelivered", "failed", "canceled" }, { "read" },
    };

    (void)state;
    for (int rank = 0; rank < 5; rank++)
        for (int i = 0; i < 4 && order[rank][i] != NULL; i++)
            assert_int_equal(rd_status_rank(rd_slice_str(order[rank][i])), rank + 1);
    assert_int_equal(rd_status_rank(RD_LIT("partially_delivered")), 0);
    assert_int_equal(rd_status_rank(RD_LIT("Delivered")), 0);
    assert_int_equal(rd_status_rank(RD_LIT("")), 0);
}

static void
four_states_and_what_follows_them_are_final(void **state)
{
    (void)state;
    assert_true(rd_status_is_final(RD_LIT("delivered")));
    assert_true(rd_status_is_final(RD_LIT("undelivered")));
    assert_true(rd_status_is_final(RD_LIT("failed")));
    assert_true(rd_status_is_final(RD_LIT("canceled")));
    assert_true(rd_status_is_final(RD_LIT("read")));
    assert_false(rd_status_is_final(RD_LIT("sent")));
    assert_false(rd_status_is_final(RD_LIT("brand-new")));
}

/* All codes that the table has, by asking for each of them. */
static void
every_code_has_one_sentence(void **state)
{
    unsigned found = 0;
    char code[16];

    (void)state;
    for (int i = 0; i < 100000; i++) {
        const char *text;

        snprintf(code, sizeof code, "%d", i);
        text = rd_status_error_text(rd_slice_str(code));
        if (text == NULL)
            continue;
        found++;
        assert_true(strlen(text) > 10 && text[strlen(text) - 1] == '.');
    }
    assert_true(found >= 120);
}

static void
what_is_no_code_has_no_text(void **state)
{
    (void)state;
    assert_non_null(rd_status_error_text(RD_LIT("30008")));
    assert_non_null(rd_status_error_text(RD_LIT("11200")));
    assert_non_null(rd_status_error_text(RD_LIT("63112")));
    assert_null(rd_status_error_text(RD_LIT("0")));
    assert_null(rd_status_error_text(RD_LIT("30008 ")));
    assert_null(rd_status_error_text(RD_LIT("")));
    assert_null(rd_status_error_text(RD_LIT("999999999999999999999")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_have_the_order_of_the_table),
        cmocka_unit_test(four_states_and_what_follows_them_are_final),
        cmocka_unit_test(every_code_has_one_sentence),
        cmocka_unit_test(what_is_no_code_has_no_text),
    };

    return cmocka_run_group_tests_name("twilio/status", tests, NULL, NULL);
}
