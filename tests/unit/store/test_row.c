/* Rows, late replies, attempts, scan: what every backend of the store must do alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/error.h"
#include "base/metric.h"
#include "store/store_help.h"
#include "vectors.h"

#define ALL_ROWS 4

/* ---- how a row moves ------------------------------------------------------------ */

static const struct {
    enum rd_row_state from;
    enum rd_store_op op;
    enum rd_row_state asked, to;
    bool inserts, dropped;
} moves[] = {
    { RD_ROW_ABSENT, RD_STORE_early, RD_ROW_EARLY, RD_ROW_EARLY, true, false },
    { RD_ROW_ABSENT, RD_STORE_final, RD_ROW_ANSWERED, RD_ROW_ANSWERED, true, false },
    { RD_ROW_ABSENT, RD_STORE_final, RD_ROW_DONE, RD_ROW_DONE, true, false },
    { RD_ROW_EARLY, RD_STORE_early, RD_ROW_EARLY, RD_ROW_EARLY, false, false },
    { RD_ROW_EARLY, RD_STORE_final, RD_ROW_ANSWERED, RD_ROW_DONE, false, false },
    { RD_ROW_EARLY, RD_STORE_final, RD_ROW_DONE, RD_ROW_DONE, false, false },
    { RD_ROW_ANSWERED, RD_STORE_early, RD_ROW_EARLY, RD_ROW_ANSWERED, false, true },
    { RD_ROW_ANSWERED, RD_STORE_final, RD_ROW_ANSWERED, RD_ROW_ANSWERED, false, true },
    { RD_ROW_ANSWERED, RD_STORE_final, RD_ROW_DONE, RD_ROW_ANSWERED, false, true },
    { RD_ROW_DONE, RD_STORE_early, RD_ROW_EARLY, RD_ROW_DONE, false, true },
    { RD_ROW_DONE, RD_STORE_final, RD_ROW_ANSWERED, RD_ROW_DONE, false, true },
    { RD_ROW_DONE, RD_STORE_final, RD_ROW_DONE, RD_ROW_DONE, false, true },
};

static struct rd_store_request *
move_of(const char *key, enum rd_store_op op, enum rd_row_state to, const char *text)
{
    return op == RD_STORE_early ? early_of(key, text, 1, 1) : final_of(key, to, text, 1, 1);
}

static void
row_bring_to(const char *key, enum rd_row_state state)
{
    if (state == RD_ROW_ABSENT)
        return;
    if (state != RD_ROW_ANSWERED)
        assert_int_equal(asker_error(&asker, early_of(key, "first", 1, 0)), 0);
    if (state == RD_ROW_ANSWERED || state == RD_ROW_DONE)
        assert_int_equal(asker_error(&asker, final_of(key, state, "first", 1, 0)), 0);
    assert_int_equal(row_of(&asker, key, "first"), state);
}

static void
test_the_whole_table_of_row_moves(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        const char *text = moves[i].inserts ? "second" : "first";
        struct rd_store_request *r;
        char key[16];

        snprintf(key, sizeof key, "move%zu", i);
        row_bring_to(key, moves[i].from);
        r = move_of(key, moves[i].op, moves[i].asked, "second");
        add_effect(r, RD_EFFECT_SET, key, "x");
        r = asker_ask(&asker, r);
        assert_int_equal(r->error, 0);
        assert_int_equal(r->row, moves[i].to);
        assert_int_equal(r->dropped, moves[i].dropped);
        assert_true(rd_slice_eq(r->row_answer->bytes, rd_slice_str(text)));
        rd_store_request_free(r);
        assert_int_equal(row_of(&asker, key, text), moves[i].to);
        assert_value(&asker, key, moves[i].dropped ? NULL : "x");
    }
}

/* An early answer that comes after the end brings nothing: nothing of it can be dropped. */
static void
test_a_bare_early_answer_is_not_a_dropped_result(void **state)
{
    struct rd_store_request *r;

    (void)state;
    row_bring_to("bare", RD_ROW_DONE);
    r = asker_ask(&asker, early_of("bare", "first", 0, 0));
    assert_int_equal(r->row, RD_ROW_DONE);
    assert_false(r->dropped);
    rd_store_request_free(r);
}

static void
test_rows_do_not_touch_each_other(void **state)
{
    const char *names[] = { "a", "ab", "b" };
    size_t n = scaled(200000, 4000), step = n / 100;
    char key[32];

    (void)state;
    for (size_t i = 0; i < n; i++) {
        snprintf(key, sizeof key, "row %zu", i);
        asker_post(&asker, final_of(key, RD_ROW_ANSWERED, key, 0, 0));
    }
    asker_wait(&asker, n);
    asker_drop(&asker, n);
    for (size_t i = 0; i < n; i += step) {
        snprintf(key, sizeof key, "row %zu", i);
        assert_int_equal(row_of(&asker, key, key), RD_ROW_ANSWERED);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(row_of(&asker, names[i], NULL), RD_ROW_ABSENT);
    printf("%zu rows\n", n);
}

/* ---- late replies ------------------------------------------------------------------ */

/* Posts a request that may send or not; the replies that nobody can send. */
static unsigned
late(struct rd_store_request *r, bool can_send)
{
    unsigned n;

    r->can_send = can_send;
    r = asker_ask(&asker, r);
    assert_int_equal(r->error, 0);
    n = r->undeliverable;
    rd_store_request_free(r);
    return n;
}

static void
test_late_replies_go_to_the_outbox_once(void **state)
{
    int64_t before = rd_metric_get(RD_METRIC_outbox, RD_OUTBOX_waiting);

    (void)state;
    assert_int_equal(late(early_of("k", "t", 0x1, 0x1), true), 0);
    assert_int_equal(outbox_of(&asker, 1), 0);
    assert_int_equal(late(early_of("k", "t", 0x1, 0x3), true), 0);
    assert_int_equal(late(early_of("k", "t", 0x1, 0x3), true), 0);
    assert_int_equal(late(final_of("k", RD_ROW_DONE, "t", 0x1, 0xf), true), 0);
    assert_int_equal(late(final_of("k", RD_ROW_DONE, "t", 0x1, 0x1f), true), 0);
    assert_int_equal(rd_metric_get(RD_METRIC_outbox, RD_OUTBOX_waiting), before + 3);
    for (unsigned i = 1; i < 4; i++)
        assert_int_equal(outbox_of(&asker, 1), 1u << i);    /* in order */
    assert_int_equal(outbox_of(&asker, 1), 0);
    assert_int_equal(rd_metric_get(RD_METRIC_outbox, RD_OUTBOX_waiting), before);
}

/* Sent already is as good as stored: a rerun does not send it again. */
static void
test_a_reply_that_left_the_outbox_stays_known(void **state)
{
    (void)state;
    late(early_of("k", "t", 0x1, 0x7), true);
    assert_int_equal(outbox_of(&asker, 9), 0x6);
    late(final_of("k", RD_ROW_DONE, "t", 0x1, 0xf), true);
    assert_int_equal(outbox_of(&asker, 9), 0x8);
}

static void
test_without_credentials_late_replies_are_counted_once(void **state)
{
    (void)state;
    assert_int_equal(late(early_of("k", "t", 0x1, 0x3), false), 1);
    assert_int_equal(late(early_of("k", "t", 0x1, 0x7), false), 1);
    assert_int_equal(late(final_of("k", RD_ROW_DONE, "t", 0x1, 0x1f), false), 2);
    assert_int_equal(outbox_of(&asker, 1), 0);
}

/* The answer that counts is the row's, not the one that comes with the replies. */
static void
test_late_is_what_the_rows_own_answer_lacks(void **state)
{
    (void)state;
    late(early_of("k", "t", 0x1, 0), true);
    late(final_of("k", RD_ROW_DONE, "other", 0x6, 0x7), true);
    assert_int_equal(outbox_of(&asker, 9), 0x6);
    late(final_of("new", RD_ROW_DONE, "t", 0x1, 0x3), true);    /* the row was absent */
    assert_int_equal(outbox_of(&asker, 9), 0x2);
}

static void
test_the_same_place_with_another_text_is_another_reply(void **state)
{
    struct rd_store_request *r = early_of("k", "t", 0, 0x1);

    (void)state;
    late(r, true);
    r = final_of("k", RD_ROW_DONE, "t", 0, 0x1);
    r->replies->key.content++;
    add_replies(r, 0x1);
    r->replies->next->key.special = 1;
    late(r, true);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(outbox_of(&asker, 1), 0x1);
    assert_int_equal(outbox_of(&asker, 1), 0);
}

static void
test_discard_deletes_what_was_not_sent(void **state)
{
    struct rd_store_request *r;

    (void)state;
    late(early_of("k", "t", 0, 0x7), true);
    assert_int_equal(outbox_of(&asker, 1), 0x1);
    r = final_of("k", RD_ROW_DONE, "t", 0, 0);
    r->discard_outbox = true;
    late(r, true);
    assert_int_equal(outbox_of(&asker, 1), 0);
    assert_int_equal(row_of(&asker, "k", "t"), RD_ROW_DONE);
}

/* A few masks at random: no reply is delivered twice, none of a taken result is lost. */
static void
test_random_results_deliver_each_reply_once(void **state)
{
    size_t rounds = scaled(20000, 500);
    char key[32];

    (void)state;
    random_start();
    for (size_t i = 0; i < rounds; i++) {
        unsigned frozen = random_below(8), wanted = frozen, got = frozen, lost = 0;
        bool can_send = random_below(2) != 0;

        snprintf(key, sizeof key, "random %zu", i);
        for (unsigned steps = random_below(4); steps > 0; steps--) {
            unsigned replies = random_below(64);

            wanted |= replies;
            lost += late(early_of(key, "t", frozen, replies), can_send);
            if (can_send && random_below(2) != 0)
                got |= outbox_of(&asker, 9);
        }
        wanted |= 0x15;
        lost += late(final_of(key, RD_ROW_DONE, "t", frozen, 0x15), can_send);
        for (unsigned n = 9, more; n > 0 && (more = outbox_of(&asker, 1)) != 0; n--) {
            assert_int_equal(got & more, 0);
            got |= more;
        }
        assert_int_equal(got | (can_send ? 0 : wanted), wanted);
        assert_int_equal(lost, can_send ? 0 : __builtin_popcount(wanted & ~frozen));
    }
    printf("%zu random rows\n", rounds);
}

/* ---- attempts, scan ------------------------------------------------------------------ */

static void
test_started_counts_attempts(void **state)
{
    (void)state;
    row_bring_to("k", RD_ROW_EARLY);
    for (int64_t i = 1; i < 4; i++) {
        struct rd_store_request *r =
            asker_ask(&asker, rd_store_request_new(RD_STORE_started, RD_LIT("k")));

        assert_int_equal(r->error, 0);
        assert_int_equal(r->number, i);
        assert_int_equal(r->row, RD_ROW_EARLY);
        rd_store_request_free(r);
    }
    assert_int_equal(asker_error(&asker, rd_store_request_new(RD_STORE_started, RD_LIT("none"))),
                     RD_E_NOT_FOUND);
}

struct seen {
    unsigned rows[ALL_ROWS];
    unsigned n, most;
};

static bool
on_row(void *arg, struct rd_slice key, enum rd_row_state row)
{
    struct seen *seen = arg;

    assert_int_equal(key.n, 1);
    seen->rows[row] |= 1u << (key.p[0] - 'a');
    return ++seen->n < seen->most;
}

static void
scan(struct seen *seen, unsigned most)
{
    struct rd_store_request *r = rd_store_request_new(RD_STORE_scan, RD_LIT(""));

    *seen = (struct seen){ .most = most };
    r->visit = on_row;
    r->visit_arg = seen;
    assert_int_equal(asker_error(&asker, r), 0);
}

static void
test_scan_visits_every_row_until_it_is_told_to_stop(void **state)
{
    struct seen seen;

    (void)state;
    scan(&seen, 100);
    assert_int_equal(seen.n, 0);
    row_bring_to("a", RD_ROW_EARLY);
    row_bring_to("b", RD_ROW_ANSWERED);
    row_bring_to("c", RD_ROW_DONE);
    scan(&seen, 100);
    assert_int_equal(seen.n, 3);
    assert_int_equal(seen.rows[RD_ROW_EARLY], 0x1);
    assert_int_equal(seen.rows[RD_ROW_ANSWERED], 0x2);
    assert_int_equal(seen.rows[RD_ROW_DONE], 0x4);
    scan(&seen, 2);
    assert_int_equal(seen.n, 2);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_table_of_row_moves),
        cmocka_unit_test(test_a_bare_early_answer_is_not_a_dropped_result),
        cmocka_unit_test(test_rows_do_not_touch_each_other),
        cmocka_unit_test(test_late_replies_go_to_the_outbox_once),
        cmocka_unit_test(test_a_reply_that_left_the_outbox_stays_known),
        cmocka_unit_test(test_without_credentials_late_replies_are_counted_once),
        cmocka_unit_test(test_late_is_what_the_rows_own_answer_lacks),
        cmocka_unit_test(test_the_same_place_with_another_text_is_another_reply),
        cmocka_unit_test(test_discard_deletes_what_was_not_sent),
        cmocka_unit_test(test_random_results_deliver_each_reply_once),
        cmocka_unit_test(test_started_counts_attempts),
        cmocka_unit_test(test_scan_visits_every_row_until_it_is_told_to_stop),
    };

    return EVERY_BACKEND(tests);
}
