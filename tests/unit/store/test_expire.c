/* Which rows are forgotten, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/clock.h"
#include "store/store_help.h"

#define BIG_TEXT 1000

static int64_t
expire(void)
{
    struct rd_store_request *r =
        asker_ask(&asker, rd_store_request_new(RD_STORE_expire, RD_LIT("")));
    int64_t rows = r->number;

    assert_int_equal(r->error, 0);
    rd_store_request_free(r);
    return rows;
}

static void
write_row(const char *key, enum rd_row_state state, unsigned late)
{
    struct rd_store_request *r;

    if (state != RD_ROW_ANSWERED)
        assert_int_equal(asker_error(&asker, early_of(key, "t", 0, 0)), 0);
    if (state == RD_ROW_EARLY)
        return;
    r = final_of(key, state, "t", 0, late);
    r->can_send = true;
    assert_int_equal(asker_error(&asker, r), 0);
}

/* Lets at least one millisecond pass. */
static void
pass_time(void)
{
    uint64_t now = rd_clock_ms();

    while (rd_clock_ms() <= now)
        expire();
}

static void
test_finished_rows_go_after_the_retention_time(void **state)
{
    (void)state;
    write_row("a", RD_ROW_ANSWERED, 0);
    write_row("d", RD_ROW_DONE, 0);
    pass_time();
    assert_int_equal(expire(), 2);
    asker_restart(&asker, 1, UINT64_C(1) << 30);
    write_row("a", RD_ROW_ANSWERED, 0);
    write_row("d", RD_ROW_DONE, 0);
    pass_time();
    assert_int_equal(expire(), 0);
    assert_int_equal(row_of(&asker, "a", NULL), RD_ROW_ABSENT);
    write_row("a", RD_ROW_ANSWERED, 0);    /* and may be written again */
    assert_int_equal(row_of(&asker, "a", "t"), RD_ROW_ANSWERED);
}

/* A message whose handler still runs, or that still has something to send. */
static void
test_open_rows_stay(void **state)
{
    (void)state;
    asker_restart(&asker, 1, UINT64_C(1) << 30);
    write_row("e", RD_ROW_EARLY, 0);
    write_row("o", RD_ROW_DONE, 0x1);
    write_row("d", RD_ROW_DONE, 0);
    pass_time();
    assert_int_equal(expire(), 2);
    assert_int_equal(row_of(&asker, "e", "t"), RD_ROW_EARLY);
    assert_int_equal(row_of(&asker, "o", "t"), RD_ROW_DONE);
    assert_int_equal(outbox_of(&asker, 9), 0x1);
    write_row("e", RD_ROW_DONE, 0);
    pass_time();
    assert_int_equal(expire(), 0);
}

static void
test_the_oldest_go_when_memory_is_full(void **state)
{
    char text[BIG_TEXT + 1], key[16];
    int64_t left;

    (void)state;
    if (rd_store_is_durable(asker.store))
        skip();
    asker_restart(&asker, 3600 * 1000, (uint64_t)10 * BIG_TEXT);
    snprintf(text, sizeof text, "%*s", BIG_TEXT, "x");
    assert_int_equal(asker_error(&asker, early_of("early", text, 0, 0)), 0);
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "%d", i);
        assert_int_equal(asker_error(&asker, final_of(key, RD_ROW_ANSWERED, text, 0, 0)), 0);
    }
    left = expire();
    assert_in_range(left, 5, 9);
    assert_int_equal(row_of(&asker, "early", text), RD_ROW_EARLY);
    assert_int_equal(row_of(&asker, "0", NULL), RD_ROW_ABSENT);
    assert_int_equal(row_of(&asker, "19", text), RD_ROW_ANSWERED);
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "%d", i);
        assert_int_equal(row_of(&asker, key, NULL) == RD_ROW_ABSENT, i < 21 - left);
    }
    assert_int_equal(expire(), left);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finished_rows_go_after_the_retention_time),
        cmocka_unit_test(test_open_rows_stay),
        cmocka_unit_test(test_the_oldest_go_when_memory_is_full),
    };

    return EVERY_BACKEND(tests);
}
