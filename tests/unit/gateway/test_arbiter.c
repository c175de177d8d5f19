/* Every cell of the table of events (design section 5) that the arbiter can be brought to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/world.h"
#include "gateway/world_doubles.h"

#define A 0x1u
#define B 0x2u
#define C 0x4u

static int
setup_rest(void **state)
{
    world_open();
    world.config.can_send = true;
    (void)state;
    return 0;
}

static int
setup_http500(void **state)
{
    world_open();
    world.config.on_error = RD_ON_ERROR_HTTP500;
    (void)state;
    return 0;
}

/* A message that runs; its first request. */
static struct world_ticket *
running(unsigned key)
{
    struct world_ticket *t = world_ask(key, 0);

    assert_true(world_begin(world_run(RUN_QUEUED)));
    return t;
}

/* One that runs on after its early answer with REPLIES was written. */
static struct world_ticket *
early(unsigned key, unsigned replies)
{
    struct world_ticket *t = running(key);
    struct world_run *r = world_run(RUN_RUNNING);

    if (replies != 0)
        assert_int_equal(world_publish(r, replies), RD_PUBLISHED_IN_TIME);
    assert_int_equal(world_finish(r), RD_PUBLISHED_COMMIT);
    assert_waits(t);
    world_settle();
    assert_answer(t, replies);
    assert_int_equal(world_row(key), RD_ROW_EARLY);
    assert_int_equal(r->state, RUN_RUNNING);
    assert_int_equal(r->commit_error, 0);
    return t;
}

/* ---- the handler ends --------------------------------------------------------------- */

static void
test_end_answers_when_it_is_written(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    assert_true(world_end(world_run(RUN_RUNNING), A | B));
    assert_waits(t);
    world_store(true);
    assert_waits(t);
    world_complete();
    assert_answer(t, A | B);
    assert_int_equal(t->outcome, RD_OUTCOME_ok);
    assert_int_equal(world_row(0), RD_ROW_ANSWERED);
    assert_at_rest(0);
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 0);
}

static void
test_published_replies_are_part_of_the_answer(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    assert_int_equal(world_publish(world_run(RUN_RUNNING), A), RD_PUBLISHED_IN_TIME);
    assert_int_equal(world_n_posted(), 0);
    assert_true(world_end(world_run(RUN_RUNNING), B));
    world_settle();
    assert_answer(t, A | B);
}

static void
test_end_of_an_early_one_is_undeliverable_without_rest(void **state)
{
    (void)state;
    early(0, A);
    assert_true(world_end(world_run(RUN_RUNNING), B | C));
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 2);
    assert_int_equal(world_outbox(), 0);
    assert_at_rest(0);
}

static void
test_end_of_an_early_one_goes_to_the_outbox(void **state)
{
    (void)state;
    early(0, A);
    assert_true(world_end(world_run(RUN_RUNNING), B | C));
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_int_equal(world_outbox(), B | C);
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
    assert_at_rest(0);
}

/* ---- the handler fails --------------------------------------------------------------- */

static void
test_failure_answers_with_the_error_reply(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    world_publish(world_run(RUN_RUNNING), A);
    assert_true(world_fail(world_run(RUN_RUNNING)));
    world_settle();
    assert_answer(t, ERROR_BIT);
    assert_int_equal(t->outcome, RD_OUTCOME_error);
    assert_int_equal(world_row(0), RD_ROW_ANSWERED);
    assert_at_rest(0);
}

static void
test_failure_of_an_early_one(void **state)
{
    (void)state;
    early(0, A);
    assert_true(world_fail(world_run(RUN_RUNNING)));
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_int_equal(world_outbox(), world.config.can_send ? ERROR_BIT : 0);
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), world.config.can_send ? 0 : 1);
    assert_at_rest(0);
}

static void
test_http500_goes_to_all_and_is_forgotten(void **state)
{
    struct world_ticket *t = running(0), *joined = world_ask(0, 0);

    (void)state;
    assert_true(world_fail(world_run(RUN_RUNNING)));
    assert_status(t, 500);
    assert_status(joined, 500);
    assert_null(world_claim(0));
    assert_int_equal(world_n_posted(), 0);
    t = running(0);    /* the next call runs afresh */
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_settle();
    assert_answer(t, A);
}

static void
test_no_http500_once_something_is_frozen(void **state)
{
    (void)state;
    early(0, A);
    assert_true(world_fail(world_run(RUN_RUNNING)));
    world_settle();
    assert_answer(world_ask(0, 0), A);
}

static void
test_no_http500_to_a_fallback_call(void **state)
{
    struct world_ticket *t = running(0), *fallback = world_ask(0, ASK_FALLBACK);

    (void)state;
    assert_true(world_fail(world_run(RUN_RUNNING)));
    world_settle();
    assert_answer(t, ERROR_BIT);
    assert_answer(fallback, ERROR_BIT);
}

/* ---- the soft deadline ------------------------------------------------------------------ */

static void
test_soft_without_rest_cancels_and_falls_back(void **state)
{
    struct world_ticket *t = running(0);
    struct world_run *r = world_run(RUN_RUNNING);

    (void)state;
    world_publish(r, A);
    world_soft(t);
    assert_true(r->cancelled);
    assert_waits(t);
    world_settle();
    assert_answer(t, A | FALLBACK_BIT);
    assert_int_equal(t->outcome, RD_OUTCOME_cancelled);
    assert_int_equal(world_row(0), RD_ROW_ANSWERED);
    assert_int_equal(world_publish(r, B), RD_PUBLISHED_STALE);
    assert_int_equal(world_finish(r), RD_PUBLISHED_STALE);
    assert_false(world_end(r, C));
    assert_int_equal(world_n_posted(), 0);
    assert_at_rest(0);
}

static void
test_soft_without_rest_stops_a_queued_run(void **state)
{
    struct world_ticket *t = world_ask(0, 0);

    (void)state;
    world_soft(t);
    assert_false(world_begin(world_run(RUN_QUEUED)));
    world_settle();
    assert_answer(t, FALLBACK_BIT);
    assert_at_rest(0);
}

static void
test_soft_with_rest_answers_early_and_runs_on(void **state)
{
    struct world_ticket *t = running(0);
    struct world_run *r = world_run(RUN_RUNNING);

    (void)state;
    world_publish(r, A);
    world_soft(t);
    assert_false(r->cancelled);
    assert_waits(t);
    world_settle();
    assert_answer(t, A);
    assert_int_equal(t->outcome, RD_OUTCOME_early);
    assert_int_equal(world_row(0), RD_ROW_EARLY);
    assert_true(world_end(r, B));
    world_settle();
    assert_int_equal(world_outbox(), B);
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_at_rest(0);
}

static void
test_soft_with_rest_waits_with_waiting_reply(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    world_soft(t);
    world_settle();
    assert_answer(t, 0);
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_settle();
    assert_int_equal(world_outbox(), A);
}

static void
test_soft_does_nothing_once_something_is_frozen(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    assert_true(world_end(world_run(RUN_RUNNING), A));
    assert_int_equal(world_n_posted(), 1);
    world_soft(t);
    assert_int_equal(world_n_posted(), 1);
    world_settle();
    assert_answer(t, A);
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
    assert_at_rest(0);
}

/* ---- msg:finish and late msg:reply ------------------------------------------------------ */

static void
test_a_second_finish_does_nothing(void **state)
{
    (void)state;
    early(0, A);
    assert_int_equal(world_finish(world_run(RUN_RUNNING)), RD_PUBLISHED_NOT_NEEDED);
    assert_int_equal(world_n_posted(), 0);
    assert_true(world_end(world_run(RUN_RUNNING), 0));
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_int_equal(world_outbox(), 0);
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
}

static void
test_a_late_reply_waits_for_its_commit(void **state)
{
    struct world_run *r;

    (void)state;
    early(0, A);
    r = world_run(RUN_RUNNING);
    assert_int_equal(world_publish(r, B), RD_PUBLISHED_COMMIT);
    assert_int_equal(r->state, RUN_WAITING);
    world_settle();
    assert_int_equal(r->state, RUN_RUNNING);
    assert_int_equal(world_outbox(), world.config.can_send ? B : 0);
    assert_true(world_end(r, 0));    /* with all replies: B is not sent a second time */
    world_settle();
    assert_int_equal(world_outbox(), 0);
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), world.config.can_send ? 0 : 1);
    assert_at_rest(0);
}

static void
test_a_late_reply_whose_commit_fails_comes_with_the_end(void **state)
{
    struct world_run *r;

    (void)state;
    early(0, A);
    r = world_run(RUN_RUNNING);
    world_publish(r, B);
    world_store_fails();
    assert_int_equal(r->state, RUN_RUNNING);
    assert_int_not_equal(r->commit_error, 0);
    assert_true(world_end(r, C));
    world_settle();
    assert_int_equal(world_outbox(), B | C);
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_at_rest(0);
}

/* ---- the hard deadline ------------------------------------------------------------------ */

static void
test_hard_sends_what_is_frozen_and_counts(void **state)
{
    struct world_ticket *t = running(0), *joined = world_ask(0, 0);

    (void)state;
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_soft(t);
    world_hard(t);
    assert_answer(t, A);
    assert_answer(joined, A);
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 1);
    assert_answer(world_ask(0, 0), A);
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_ANSWERED);
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 1);
    assert_at_rest(0);
}

static void
test_hard_while_the_store_is_asked(void **state)
{
    struct world_ticket *t;

    (void)state;
    rd_claims_filter_add(world.g.claims, running(0)->ref.hash);
    assert_true(world_fail(world_run(RUN_RUNNING)));    /* 500: forgotten */
    t = world_ask(0, 0);
    assert_int_equal(world_n_posted(), 1);    /* the look-up */
    world_soft(t);
    assert_waits(t);
    assert_int_equal(world_n_posted(), 1);
    world_hard(t);
    assert_status(t, 503);
    assert_null(world_claim(0));
    world_settle();    /* its completion finds nobody */
    assert_int_equal(world_row(0), RD_ROW_ABSENT);
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 0);
}

/* The request's soft deadline came while the store was asked: acted upon right after. */
static void
test_soft_during_the_look_up_comes_after_it(void **state)
{
    struct world_ticket *t;

    (void)state;
    rd_claims_filter_add(world.g.claims, running(0)->ref.hash);
    assert_true(world_fail(world_run(RUN_RUNNING)));
    t = world_ask(0, 0);
    world_soft(t);
    world_store(true);
    world_complete();
    assert_waits(t);
    assert_false(world_begin(world_run(RUN_QUEUED)));
    world_settle();
    assert_answer(t, FALLBACK_BIT);
    assert_at_rest(0);
}

/* ---- its conversation does not want it ------------------------------------------------ */

static void
assert_nothing(const struct world_ticket *t)
{
    assert_true(t->answered);
    assert_int_equal(t->status, 200);
    assert_int_equal(t->mask, 0);
    assert_non_null(strstr(t->full, "<Response"));
}

static void
test_a_refused_message_is_answered_with_nothing(void **state)
{
    struct world_ticket *t = world_ask(0, 0);

    (void)state;
    assert_true(world_refuse(world_run(RUN_QUEUED), RD_OUTCOME_dropped));
    assert_waits(t);
    world_settle();
    assert_nothing(t);
    assert_int_equal(t->outcome, RD_OUTCOME_dropped);
    assert_int_equal(world_row(0), RD_ROW_ANSWERED);
    assert_nothing(world_ask(0, 0));    /* stored like any answer */
    assert_at_rest(0);
}

static void
test_a_handler_given_up_says_nothing(void **state)
{
    struct world_ticket *t = running(0);
    struct world_run *r = world_run(RUN_RUNNING);

    (void)state;
    assert_int_equal(world_publish(r, A), RD_PUBLISHED_IN_TIME);
    assert_true(world_refuse(r, RD_OUTCOME_cancelled));
    assert_false(rd_arbiter_refuse(&world.g, r->claim, r->run, r->epoch, RD_OUTCOME_cancelled,
                                   RD_WHY_newer_message));
    world_settle();
    assert_nothing(t);
    assert_int_equal(t->outcome, RD_OUTCOME_cancelled);
    assert_at_rest(0);
}

/* Also when the first write of it failed. */
static void
test_what_it_had_not_sent_yet_is_discarded(void **state)
{
    struct world_ticket *t = early(0, A);
    struct world_run *r = world_run(RUN_RUNNING);

    (void)state;
    assert_int_equal(world_publish(r, B), RD_PUBLISHED_COMMIT);
    world_settle();
    assert_int_equal(rd_metric_get(RD_METRIC_outbox, RD_OUTBOX_waiting), 1);
    assert_true(world_refuse(r, RD_OUTCOME_cancelled));
    world_store_fails();
    assert_int_equal(rd_metric_get(RD_METRIC_outbox, RD_OUTBOX_waiting), 1);
    world_settle();
    assert_int_equal(world_outbox(), 0);
    assert_answer(t, A);
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_at_rest(0);
}

static void
test_a_refusal_answers_joined_fallback_calls(void **state)
{
    struct world_ticket *t = running(0), *u = world_ask(0, ASK_FALLBACK);

    (void)state;
    assert_true(world_refuse(world_run(RUN_RUNNING), RD_OUTCOME_cancelled));
    world_settle();
    assert_nothing(t);
    assert_nothing(u);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
#define REST(test) cmocka_unit_test_setup_teardown(test, setup_rest, world_teardown)
#define HTTP500(test) cmocka_unit_test_setup_teardown(test, setup_http500, world_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_end_answers_when_it_is_written),
        REST(test_end_answers_when_it_is_written),
        IN(test_published_replies_are_part_of_the_answer),
        REST(test_published_replies_are_part_of_the_answer),
        IN(test_end_of_an_early_one_is_undeliverable_without_rest),
        REST(test_end_of_an_early_one_goes_to_the_outbox),
        IN(test_failure_answers_with_the_error_reply),
        REST(test_failure_answers_with_the_error_reply),
        IN(test_failure_of_an_early_one),
        REST(test_failure_of_an_early_one),
        HTTP500(test_http500_goes_to_all_and_is_forgotten),
        HTTP500(test_no_http500_once_something_is_frozen),
        HTTP500(test_no_http500_to_a_fallback_call),
        IN(test_soft_without_rest_cancels_and_falls_back),
        IN(test_soft_without_rest_stops_a_queued_run),
        REST(test_soft_with_rest_answers_early_and_runs_on),
        REST(test_soft_with_rest_waits_with_waiting_reply),
        IN(test_soft_does_nothing_once_something_is_frozen),
        REST(test_soft_does_nothing_once_something_is_frozen),
        IN(test_a_second_finish_does_nothing),
        REST(test_a_second_finish_does_nothing),
        IN(test_a_late_reply_waits_for_its_commit),
        REST(test_a_late_reply_waits_for_its_commit),
        REST(test_a_late_reply_whose_commit_fails_comes_with_the_end),
        IN(test_hard_sends_what_is_frozen_and_counts),
        REST(test_hard_sends_what_is_frozen_and_counts),
        HTTP500(test_hard_while_the_store_is_asked),
        HTTP500(test_soft_during_the_look_up_comes_after_it),
        IN(test_a_refused_message_is_answered_with_nothing),
        REST(test_a_refused_message_is_answered_with_nothing),
        IN(test_a_handler_given_up_says_nothing),
        REST(test_a_handler_given_up_says_nothing),
        REST(test_what_it_had_not_sent_yet_is_discarded),
        HTTP500(test_a_refusal_answers_joined_fallback_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
