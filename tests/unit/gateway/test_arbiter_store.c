/* The arbiter when a message comes again, when the store is faulty or knows it already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/world.h"
#include "gateway/world_doubles.h"

#define A 0x1u
#define B 0x2u

static int
setup_rest(void **state)
{
    (void)state;
    world_open();
    world.config.can_send = true;
    return 0;
}

/* A late limit that is over at once: a failed write is given up. */
static int
setup_no_repeat(void **state)
{
    (void)state;
    world_open();
    world.config.late_limit_ms = 0;
    return 0;
}

static struct world_ticket *
running(unsigned key)
{
    struct world_ticket *t = world_ask(key, 0);

    assert_true(world_begin(world_run(RUN_QUEUED)));
    return t;
}

/* ---- who comes again ------------------------------------------------------------------ */

static void
test_a_retry_joins_and_gets_the_same(void **state)
{
    struct world_ticket *t[6] = { world_ask(0, 0), world_ask(0, 0) };

    (void)state;
    assert_int_equal(world.n_runs, 1);
    assert_true(world_begin(world_run(RUN_QUEUED)));
    t[2] = world_ask(0, 0);
    assert_true(world_end(world_run(RUN_RUNNING), A));
    t[3] = world_ask(0, ASK_FALLBACK);
    world_store(true);
    t[4] = world_ask(0, 0);
    assert_int_equal(world_count(RD_METRIC_exchanges_waiting), 4);
    world_complete();
    t[5] = world_ask(0, 0);
    for (unsigned i = 0; i < 6; i++)
        assert_answer(t[i], A);
    assert_int_equal(t[0]->outcome, RD_OUTCOME_ok);
    assert_int_equal(t[4]->outcome, RD_OUTCOME_join);
    assert_int_equal(t[5]->outcome, RD_OUTCOME_replay);
    assert_int_equal(world.n_runs, 1);
    assert_int_equal(world_count(RD_METRIC_exchanges_waiting), 0);
    assert_at_rest(0);
}

static void
test_the_first_to_reach_a_deadline_acts_for_all(void **state)
{
    struct world_ticket *t = running(0), *joined = world_ask(0, 0);

    (void)state;
    world_soft(joined);
    world_soft(t);
    assert_int_equal(world_n_posted(), 1);
    world_hard(joined);
    assert_answer(t, FALLBACK_BIT);
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 1);
}

static void
test_messages_do_not_touch_each_other(void **state)
{
    struct world_ticket *t = running(0), *other = running(1);

    (void)state;
    assert_true(world_end(&world.runs[1], B));
    assert_true(world_end(&world.runs[0], A));
    world_settle();
    assert_answer(t, A);
    assert_answer(other, B);
}

/* ---- what the store knows ---------------------------------------------------------------- */

static void
test_an_answered_message_is_found_again(void **state)
{
    struct world_ticket *t, *joined;

    (void)state;
    running(0);
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_settle();
    world_forget_idle();
    t = world_ask(0, 0);
    joined = world_ask(0, ASK_FALLBACK);
    assert_waits(t);
    world_soft(t);
    world_settle();
    assert_answer(t, A);
    assert_answer(joined, A);
    assert_int_equal(t->outcome, RD_OUTCOME_replay);
    assert_int_equal(world.n_runs, 1);
    assert_at_rest(0);
    assert_answer(world_ask(0, 0), A);
}

/* Its run is gone with its process, or its end could not be written: the row stays EARLY. */
static void
test_an_early_row_is_an_answer_too(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    world_publish(world_run(RUN_RUNNING), A);
    world_finish(world_run(RUN_RUNNING));
    world_settle();
    assert_answer(t, A);
    assert_true(world_end(world_run(RUN_RUNNING), B));
    world_store_fails();
    assert_at_rest(0);    /* given up */
    assert_int_equal(world_row(0), RD_ROW_EARLY);
    world_forget_idle();
    t = world_ask(0, 0);
    world_settle();
    assert_answer(t, A);
    assert_int_equal(world.n_runs, 1);
    assert_at_rest(0);
}

static void
test_an_unknown_message_runs_after_the_look_up(void **state)
{
    struct world_ticket *t;

    (void)state;
    rd_claims_free(world.g.claims);
    world.g.claims = rd_claims_new();    /* its filter is not ready: everything may be known */
    t = world_ask(0, 0);
    assert_int_equal(world.n_runs, 0);
    world_store(true);
    world_complete();
    world_answer(world_run(RUN_QUEUED), A);
    world_settle();
    assert_answer(t, A);
}

/* ---- a store that cannot be read ------------------------------------------------------- */

static void
fail_look_up(struct world_ticket **t)
{
    rd_claims_free(world.g.claims);
    world.g.claims = rd_claims_new();
    *t = world_ask(0, 0);
    world_store_fails();
}

static void
test_503_when_the_store_cannot_be_read(void **state)
{
    struct world_ticket *t;

    (void)state;
    fail_look_up(&t);
    assert_status(t, 503);
    assert_int_equal(t->outcome, RD_OUTCOME_http503);
    assert_null(world_claim(0));
    assert_int_equal(world.n_runs, 0);
}

static void
test_or_the_handler_answers_unrecorded(void **state)
{
    struct world_ticket *t;

    (void)state;
    world.config.on_store_fault = RD_ON_STORE_FAULT_ANSWER;
    fail_look_up(&t);
    world_answer(world_run(RUN_QUEUED), A);
    world_store_fails();
    assert_answer(t, A);
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 1);
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_ANSWERED);
}

/* The row that could not be read has another answer: the wire has two, and that is counted. */
static void
test_an_answer_beside_an_unread_row_is_counted(void **state)
{
    struct world_ticket *t;

    (void)state;
    world.config.on_store_fault = RD_ON_STORE_FAULT_ANSWER;
    running(0);
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_settle();
    world_forget_idle();
    fail_look_up(&t);
    world_answer(world_run(RUN_QUEUED), B);
    world_settle();
    assert_answer(t, B);
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 1);
    assert_int_equal(world_count(RD_METRIC_effects_dropped_total), 1);
    assert_at_rest(0);
}

/* ---- a store that cannot be written ------------------------------------------------------ */

static void
test_a_failed_write_does_not_hold_the_answer(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_store_fails();
    assert_answer(t, A);
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 1);
    assert_true(world.g.store_faulty);
    world_tick();
    world_store_fails();
    world_tick();
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 1);
    world_settle();
    assert_false(world.g.store_faulty);
    assert_int_equal(world_row(0), RD_ROW_ANSWERED);
    assert_at_rest(0);
}

static void
test_a_faulty_store_is_asked_before_a_handler_starts(void **state)
{
    struct world_ticket *t;

    (void)state;
    running(0);
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_store_fails();
    t = world_ask(1, 0);
    assert_int_equal(world.n_runs, 1);
    world_store_fails();
    assert_status(t, 503);
}

static void
test_replies_survive_a_failed_write(void **state)
{
    (void)state;
    running(0);
    world_publish(world_run(RUN_RUNNING), A);
    world_finish(world_run(RUN_RUNNING));
    world_settle();
    assert_true(world_end(world_run(RUN_RUNNING), B));
    world_store_fails();
    world_settle();
    assert_int_equal(world_outbox(), B);
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_at_rest(0);
}

static void
test_a_row_is_given_up_at_the_late_limit(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_store_fails();
    assert_answer(t, A);
    assert_int_equal(world.n_retries, 0);
    assert_at_rest(0);
    assert_answer(world_ask(0, 0), A);
}

/* The late limit counts from the first failure of a row, not of another time. */
static void
test_a_store_that_came_back_gets_its_time_again(void **state)
{
    (void)state;
    running(0);
    world_publish(world_run(RUN_RUNNING), A);
    world_finish(world_run(RUN_RUNNING));
    world_store_fails();
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_EARLY);
    world_claim(0)->retry_until_ms = world_claim(0)->retry_until_ms ? 1 : 0;    /* long ago */
    assert_true(world_end(world_run(RUN_RUNNING), B));
    world_store_fails();
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_int_equal(world_outbox(), B);
}

static void
test_an_early_answer_whose_write_fails(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    world_soft(t);
    world_store_fails();
    assert_answer(t, 0);
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 1);
    assert_true(world_end(world_run(RUN_RUNNING), A));    /* before the repeat */
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_int_equal(world_outbox(), A);
    assert_int_equal(world_count(RD_METRIC_effects_dropped_total), 0);
    assert_at_rest(0);
}

/* Completions come to the front of a waiting request: with several fronts, in any order. */
static void
test_an_older_completion_may_come_later(void **state)
{
    struct rd_store_request *early;

    (void)state;
    world_soft(running(0));
    world_store(true);
    early = world.done;
    world.done = NULL;
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_store(true);
    world_complete();
    world.done = early;
    world_complete();
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_at_rest(0);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
#define REST(test) cmocka_unit_test_setup_teardown(test, setup_rest, world_teardown)
#define NO_REPEAT(test) cmocka_unit_test_setup_teardown(test, setup_no_repeat, world_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_a_retry_joins_and_gets_the_same),
        IN(test_the_first_to_reach_a_deadline_acts_for_all),
        IN(test_messages_do_not_touch_each_other),
        IN(test_an_answered_message_is_found_again),
        NO_REPEAT(test_an_early_row_is_an_answer_too),
        IN(test_an_unknown_message_runs_after_the_look_up),
        IN(test_503_when_the_store_cannot_be_read),
        IN(test_or_the_handler_answers_unrecorded),
        IN(test_an_answer_beside_an_unread_row_is_counted),
        IN(test_a_failed_write_does_not_hold_the_answer),
        IN(test_a_faulty_store_is_asked_before_a_handler_starts),
        REST(test_replies_survive_a_failed_write),
        NO_REPEAT(test_a_row_is_given_up_at_the_late_limit),
        REST(test_a_store_that_came_back_gets_its_time_again),
        REST(test_an_early_answer_whose_write_fails),
        REST(test_an_older_completion_may_come_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
