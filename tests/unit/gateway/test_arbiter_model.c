/*
 * Each counterexample of tests/model/counterexamples.md as a sequence of events: a test is
 * named for the wrong rule that would fail it. Those that need a crash of the process or a
 * durable store are end-to-end tests; no_suppression, store_overwrites and fire_and_forget's
 * effects are in tests/unit/store.
 */
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

/* One that runs on after msg:reply REPLIES and msg:finish. */
static struct world_run *
finished(unsigned replies)
{
    running(0);
    world_publish(world_run(RUN_RUNNING), replies);
    world_finish(world_run(RUN_RUNNING));
    world_settle();
    return world_run(RUN_RUNNING);
}

/* ---- who decides -------------------------------------------------------------------- */

static void
test_end_does_not_freeze(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_soft(t);
    world_hard(t);
    assert_answer(t, A);
    world_settle();
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 1);
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
    assert_answer(world_ask(0, 0), A);
    world_forget_idle();
    t = world_ask(0, 0);
    world_settle();
    assert_answer(t, A);    /* no_correction: the row has the bytes of the wire */
    assert_int_equal(world.n_runs, 1);
}

static void
test_freeze_in_lookup(void **state)
{
    struct world_ticket *t;

    (void)state;
    world.config.on_error = RD_ON_ERROR_HTTP500;
    rd_claims_filter_add(world.g.claims, running(0)->ref.hash);
    assert_true(world_fail(world_run(RUN_RUNNING)));
    t = world_ask(0, 0);
    world_soft(t);
    world_hard(t);
    assert_status(t, 503);
    world_settle();
    t = world_ask(0, 0);
    world_settle();
    world_answer(world_run(RUN_QUEUED), A);
    world_settle();
    assert_answer(t, A);
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
}

static void
test_http500_when_frozen(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    world.config.on_error = RD_ON_ERROR_HTTP500;
    world_publish(world_run(RUN_RUNNING), A);
    world_finish(world_run(RUN_RUNNING));    /* and its write stalls */
    world_run(RUN_WAITING)->state = RUN_RUNNING;
    assert_true(world_fail(world_run(RUN_RUNNING)));
    world_hard(t);
    assert_answer(t, A);
    world_settle();
    assert_at_rest(0);
}

static void
test_settle_at_freeze(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    assert_true(world_end(world_run(RUN_RUNNING), A));
    assert_waits(t);
    world_store(true);
    assert_waits(t);
    assert_waits(world_ask(0, 0));
    world_complete();
    assert_answer(t, A);
}

static void
test_claim_then_start(void **state)
{
    struct world_ticket *t = world_ask(0, ASK_UNSTARTED), *joined = world_ask(0, 0);

    (void)state;
    assert_true(t->unstarted);
    world_soft(joined);
    assert_int_equal(world_n_posted(), 0);
    world_start(t);
    if (world.config.can_send)
        world_answer(world_run(RUN_QUEUED), A);
    else
        assert_false(world_begin(world_run(RUN_QUEUED)));
    world_settle();
    assert_answer(t, world.config.can_send ? 0 : FALLBACK_BIT);
    assert_answer(joined, t->mask);
    assert_int_equal(world_outbox(), world.config.can_send ? A : 0);
    assert_at_rest(0);
}

static void
test_claim_then_hard_then_start(void **state)
{
    struct world_ticket *t = world_ask(0, ASK_UNSTARTED), *joined = world_ask(0, 0);

    (void)state;
    world_soft(joined);
    world_hard(joined);
    world_start(t);
    assert_status(t, 503);
    assert_status(joined, 503);
    assert_int_equal(world.n_runs, 0);
    assert_null(world_claim(0));
}

static void
test_cancel_keeps_run(void **state)
{
    struct world_ticket *t = running(0);
    struct world_run *r = world_run(RUN_RUNNING);

    (void)state;
    world_soft(t);
    assert_false(world_end(r, A));
    assert_int_equal(world_count(RD_METRIC_effects_dropped_total), 1);
    world_settle();
    assert_answer(t, FALLBACK_BIT);
    assert_int_equal(world.committed[0], 0);
    assert_int_equal(world.n_finals[0], 1);
}

/* ---- the store ------------------------------------------------------------------------ */

static void
test_forget_with_mail(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_hard(t);
    assert_answer(world_ask(0, 0), A);
    assert_false(world_claim(0)->may_forget);
    world_settle();
    assert_answer(world_ask(0, 0), A);
    assert_int_equal(world.n_runs, 1);
    assert_at_rest(0);
}

static void
test_forget_while_running(void **state)
{
    struct world_run *r = finished(A);

    (void)state;
    assert_false(world_claim(0)->may_forget);
    assert_answer(world_ask(0, 0), A);
    assert_true(world_end(r, 0));
    assert_false(world_claim(0)->may_forget);
    world_settle();
    assert_at_rest(0);
    assert_int_equal(world.n_runs, 1);
}

static void
test_failed_503(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_store_fails();
    assert_answer(t, A);
    assert_answer(world_ask(0, 0), A);
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 1);
    assert_int_equal(world.n_runs, 1);
}

/* A failed final is given up while the completion of an older early is still on its way. */
static void
test_give_up_forgotten(void **state)
{
    struct world_ticket *t = running(0);
    struct rd_store_request *early;

    (void)state;
    world.config.can_send = true;
    world_soft(t);
    world_store(true);
    early = world.done;
    world.done = NULL;
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_store_fails();
    assert_answer(t, 0);
    world.done = early;
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_EARLY);
    assert_at_rest(0);
}

static void
test_repeat_keeps_epoch(void **state)
{
    (void)state;
    running(0);
    assert_true(world_end(world_run(RUN_RUNNING), A));
    world_store_fails();
    world_bury();
    world_settle();    /* the death is done before the repeat comes */
    assert_int_equal(world_row(0), RD_ROW_ANSWERED);
    assert_int_equal(world.n_finals[0], 1);
    assert_at_rest(0);
}

/* ---- a lost thread ------------------------------------------------------------------------ */

static void
test_post_after_unlock(void **state)
{
    struct world_ticket *t = running(0);
    struct world_run *r = world_run(RUN_RUNNING), *again;

    (void)state;
    assert_true(world_end(r, A));
    assert_int_equal(rd_arbiter_take(&world.g, r->claim, r->run), 0);
    world_bury();
    world_settle();
    assert_answer(t, A);
    t = running(1);
    r = world_run(RUN_RUNNING);
    again = world_take(r);
    assert_non_null(again);
    assert_false(world_end(r, A));    /* the zombie, before the death is even posted */
    world_bury();
    assert_int_equal(world_n_posted(), 1);
    world_settle();
    world_answer(again, B);
    world_settle();
    assert_answer(t, B);
    for (unsigned key = 0; key < 2; key++) {
        assert_int_equal(world.n_finals[key], 1);
        assert_at_rest(key);
    }
}

static void
test_no_serial_check(void **state)
{
    struct world_ticket *t = running(0);
    struct world_run *r = world_run(RUN_RUNNING), *stuck = world_take(r);

    (void)state;
    world_bury();
    assert_true(world_fail(stuck));    /* what main says for it: lost_thread */
    assert_int_equal(world_publish(r, A), RD_PUBLISHED_STALE);
    assert_int_equal(world_finish(r), RD_PUBLISHED_STALE);
    assert_false(world_end(r, B));
    world_settle();
    assert_answer(t, ERROR_BIT);
    assert_int_equal(world.committed[0], ERROR_BIT);
    assert_at_rest(0);
}

static void
test_rerun_keeps_published(void **state)
{
    struct world_ticket *t = running(0);
    struct world_run *r;

    (void)state;
    world_publish(world_run(RUN_RUNNING), A);
    r = world_take(world_run(RUN_RUNNING));
    world_bury();
    assert_null(world_claim(0)->if_late);
    assert_true(world_begin(r));
    world_publish(r, A);
    assert_true(world_end(r, B));
    world_settle();
    assert_answer(t, A | B);
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
}

/* The thread is lost after msg:reply, and the deadline comes before the rerun says anything. */
static void
test_rerun_keeps_published_at_the_deadline(void **state)
{
    struct world_ticket *t = running(0);
    struct world_run *r;

    (void)state;
    world_publish(world_run(RUN_RUNNING), A);
    r = world_take(world_run(RUN_RUNNING));
    world_soft(t);
    assert_false(world_begin(r));
    world_settle();
    assert_answer(t, FALLBACK_BIT);
}

static void
test_count_replies(void **state)
{
    struct world_run *r = finished(A), *again = world_take(r);

    (void)state;
    world_bury();
    world_settle();
    world_answer(again, B);
    world_settle();
    assert_answer(world_ask(0, 0), A);
    assert_int_equal(world_outbox(), world.config.can_send ? B : 0);
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), world.config.can_send ? 0 : 1);
    assert_at_rest(0);
}

static void
test_no_rerun_when_lost(void **state)
{
    struct world_ticket *t = running(0);
    struct world_run *r = world_take(world_run(RUN_RUNNING));

    (void)state;
    world_bury();
    assert_waits(t);
    world_settle();
    world_answer(r, A);
    world_settle();
    assert_answer(t, A);
}

static void
test_a_cancelled_run_is_not_taken(void **state)
{
    struct world_ticket *t = running(0);

    (void)state;
    world_soft(t);
    assert_null(world_take(world_run(RUN_RUNNING)));
    world_bury();
    world_settle();
    assert_answer(t, FALLBACK_BIT);
    assert_at_rest(0);
}

/* The commit that it waits for is under way when its thread is lost: it counts, once. */
static void
test_a_commit_under_way_counts(void **state)
{
    struct world_run *r = finished(A), *again;

    (void)state;
    world_publish(r, B);
    again = world_take(r);
    world_bury();
    world_settle();
    assert_true(world_begin(again));
    assert_int_equal(world_publish(again, B), RD_PUBLISHED_COMMIT);
    world_settle();
    assert_true(world_end(again, 0));
    world_settle();
    assert_int_equal(world_outbox(), B);
    assert_at_rest(0);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
#define REST(test) cmocka_unit_test_setup_teardown(test, setup_rest, world_teardown)
#define NO_REPEAT(test) cmocka_unit_test_setup_teardown(test, setup_no_repeat, world_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_end_does_not_freeze),
        IN(test_freeze_in_lookup),
        IN(test_http500_when_frozen),
        IN(test_settle_at_freeze),
        IN(test_claim_then_start),
        REST(test_claim_then_start),
        IN(test_claim_then_hard_then_start),
        REST(test_claim_then_hard_then_start),
        IN(test_cancel_keeps_run),
        IN(test_forget_with_mail),
        IN(test_forget_while_running),
        IN(test_failed_503),
        NO_REPEAT(test_give_up_forgotten),
        IN(test_repeat_keeps_epoch),
        IN(test_post_after_unlock),
        IN(test_no_serial_check),
        IN(test_rerun_keeps_published),
        IN(test_rerun_keeps_published_at_the_deadline),
        IN(test_count_replies),
        REST(test_count_replies),
        IN(test_no_rerun_when_lost),
        IN(test_a_cancelled_run_is_not_taken),
        REST(test_a_commit_under_way_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
