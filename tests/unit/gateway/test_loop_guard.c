/* Which exchanges are near-identical, and whom a marked conversation silences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/log.h"
#include "gateway/loop_guard.h"
#include "store/recent.h"

static struct rd_config config = { .loop_count = 3, .loop_window_ms = 60000 };
static struct rd_loop_guard *guard;

static struct rd_message
message(const char *from, const char *text)
{
    return (struct rd_message){ .account = RD_LIT("AC1"), .to = RD_LIT("+1555"),
                                .from = rd_slice_str(from), .id = RD_LIT("SM1"),
                                .text = rd_slice_str(text) };
}

/* What the exchange is counted as; 0: not at all. */
static uint64_t
counted(const struct rd_message *m, const char *answer)
{
    struct rd_reply_key key = { .path = 0 };
    struct rd_run_result result = {
        .answer = rd_answer_new(200, rd_slice_str(answer), &key, *answer ? 1 : 0) };
    struct rd_recent what = { 0, 0 };

    rd_loop_guard_count(&config, m, &result);
    if (result.effects != NULL) {
        assert_int_equal(result.effects->kind, RD_EFFECT_RECENT);
        assert_int_equal(result.effects->ttl_ms, 60000);
        memcpy(&what, result.effects->value.p, sizeof what);
        assert_int_equal(what.most, 3);
    }
    rd_run_result_free(&result);
    return what.what;
}

static uint64_t
counted_text(const char *text, const char *answer)
{
    struct rd_message m = message("+1", text);

    return counted(&m, answer);
}

static void
letters_make_an_exchange_near_identical(void **state)
{
    uint64_t what = counted_text("Ticket #1 received!", "<r>Thanks 1</r>");

    (void)state;
    assert_int_not_equal(what, 0);
    assert_int_equal(what, counted_text("ticket 22 received", "<r>thanks, 99</r>"));
    assert_int_not_equal(what, counted_text("ticket 22 received", "<r>sorry, 99</r>"));
    assert_int_not_equal(what, counted_text("ticket 22 refused", "<r>thanks 1</r>"));
    assert_int_not_equal(counted_text("1", "<r>a</r>"), counted_text("2", "<r>a</r>"));
    assert_int_equal(counted_text("?!", "<r>a</r>"), counted_text("?!", "<r>a</r>"));
}

static void
what_is_no_exchange_is_not_counted(void **state)
{
    struct rd_message m = message("+1", "");

    (void)state;
    assert_int_equal(counted_text("hello", ""), 0);
    assert_int_equal(counted(&m, "<r>nice picture</r>"), 0);
    m = message("+1", "stop");
    m.opt_out = RD_OPT_OUT_STOP;
    assert_int_equal(counted(&m, "<r>x</r>"), 0);
    m = message("+1", "hello");
    m.kind = RD_KIND_STATUS;
    assert_int_equal(counted(&m, "<r>x</r>"), 0);
    config.loop_count = 0;
    assert_int_equal(counted_text("hello", "<r>x</r>"), 0);
    config.loop_count = 3;
}

static bool
silences(const char *from, const char *text)
{
    struct rd_message m = message(from, text);

    return rd_loop_guard_silences(guard, &config, &m);
}

static void
a_marked_conversation_is_silent(void **state)
{
    struct rd_message m = message("+1", "Ticket 1");

    (void)state;
    guard = rd_loop_guard_new();
    rd_loop_guard_note(guard, &config, &m, 2);
    assert_false(silences("+1", "Ticket 1"));
    rd_loop_guard_note(guard, &config, &m, 3);
    rd_loop_guard_note(guard, &config, &m, 3);
    assert_true(silences("+1", "ticket 2"));
    assert_false(silences("+1", "something else"));
    assert_false(silences("+2", "ticket 2"));
    m.opt_out = RD_OPT_OUT_STOP;
    assert_false(rd_loop_guard_silences(guard, &config, &m));
    config.loop_count = 0;
    assert_false(silences("+1", "ticket 2"));
    config.loop_count = 3;
    rd_loop_guard_free(guard);
    assert_false(rd_loop_guard_silences(NULL, &config, &m));
}

static void
silence_ends_a_window_after_the_last(void **state)
{
    struct rd_message m = message("+1", "Ticket");

    (void)state;
    guard = rd_loop_guard_new();
    config.loop_window_ms = 0;    /* over at once */
    rd_loop_guard_note(guard, &config, &m, 3);
    assert_false(silences("+1", "ticket"));
    config.loop_window_ms = 60000;
    rd_loop_guard_note(guard, &config, &m, 3);
    assert_true(silences("+1", "ticket"));
    config.loop_window_ms = 0;
    assert_true(silences("+1", "ticket"));
    assert_false(silences("+1", "ticket"));
    config.loop_window_ms = 60000;
    rd_loop_guard_free(guard);
}

static void
more_loops_than_marks_are_let_through(void **state)
{
    char from[16];

    (void)state;
    guard = rd_loop_guard_new();
    for (unsigned i = 0; i < 1100; i++) {
        struct rd_message m;

        snprintf(from, sizeof from, "+%u", i);
        m = message(from, "x");
        rd_loop_guard_note(guard, &config, &m, 3);
    }
    assert_true(silences("+0", "x"));
    assert_false(silences("+1099", "x"));
    rd_loop_guard_free(guard);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_make_an_exchange_near_identical),
        cmocka_unit_test(what_is_no_exchange_is_not_counted),
        cmocka_unit_test(a_marked_conversation_is_silent),
        cmocka_unit_test(silence_ends_a_window_after_the_last),
        cmocka_unit_test(more_loops_than_marks_are_let_through),
    };

    rd_log_set(RD_LOG_ERROR, RD_LOG_LOGFMT);    /* a thousand warnings say no more than one */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
