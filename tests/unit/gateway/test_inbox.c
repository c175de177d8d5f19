/* Messages on their script thread, from mail to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/worker_doubles.h"

/* ---- one message ----------------------------------------------------------------------------- */

static void
test_a_handlers_reply_is_the_answer(void **state)
{
    struct world_ticket *t = ask(0, 0);

    (void)state;
    assert_int_equal(n_runs, 1);
    assert_int_equal(runs[0].order.handler, RD_HANDLER_MESSAGE);
    assert_int_equal(world.g.in_flight, 1);
    end_run(0, RD_OUTCOME_ok, reply_of("hello"));
    assert_int_equal(world.g.in_flight, 0);
    settle_all();
    BODIES(t, "hello");
    assert_int_equal(t->outcome, RD_OUTCOME_ok);
}

static void
test_nothing_to_say(void **state)
{
    struct world_ticket *t = ask(0, 0), *u;

    (void)state;
    end_run(0, RD_OUTCOME_empty, NULL);
    u = ask(1, 0);
    end_run(1, RD_OUTCOME_ok, rd_reply_new(16));
    settle_all();
    assert_bodies(t, NULL, 0);
    assert_bodies(u, NULL, 0);
    assert_int_equal(t->outcome, RD_OUTCOME_empty);
}

static void
test_a_keyword_has_its_own_handler_and_args(void **state)
{
    (void)state;
    keyword = 3;
    ask(0, 0);
    assert_int_equal(runs[0].order.handler, RD_HANDLER_KEYWORD);
    assert_int_equal(runs[0].order.keyword, 3);
    assert_true(rd_slice_eq(task_of(0)->args, RD_LIT("the rest")));
    end_run(0, RD_OUTCOME_empty, NULL);
}

static void
test_a_status_without_handler_is_no_run(void **state)
{
    struct world_ticket *t;

    (void)state;
    t = ask(0, ASK_STATUS);
    world.generation.has_status = false;    /* its script lost it: it was dispatched all the same */
    settle_all();
    assert_int_equal(t->status, 204);
    assert_int_equal(n_runs, 0);
    assert_int_equal(world.g.in_flight, 0);
    assert_at_rest(0);
}

static void
test_a_status_has_until_the_late_limit(void **state)
{
    uint64_t now = rd_clock_ns();

    (void)state;
    ask(0, ASK_STATUS);
    settle_all();
    assert_int_equal(runs[0].order.handler, RD_HANDLER_STATUS);
    assert_true(runs[0].order.deadline_ns(task_of(0)) >= now + WORLD_FOREVER * RD_MS);
    end_run(0, RD_OUTCOME_empty, NULL);
    settle_all();
    assert_at_rest(0);
}

static void
test_failures_answer_with_the_fallback(void **state)
{
    static const enum rd_outcome outcomes[] = { RD_OUTCOME_error, RD_OUTCOME_cpu,
                                                RD_OUTCOME_memory };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct world_ticket *t = ask(i, 0);

        end_run(i, outcomes[i], NULL);
        settle_all();
        BODIES(t, "fallback");
        assert_int_equal(t->outcome, outcomes[i]);
    }
}

static void
test_or_with_the_error_handlers_reply(void **state)
{
    struct world_ticket *t = ask(0, 0);

    (void)state;
    rd_inbox_reply(task_of(0), reply_of("void"), NULL, NULL, on_op_done);
    end_run(0, RD_OUTCOME_error, reply_of("sorry"));
    settle_all();
    BODIES(t, "sorry");
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
}

static void
test_a_reply_beyond_the_limits_is_an_error(void **state)
{
    struct world_ticket *t = ask(0, 0);
    struct rd_reply *r = reply_of("1");

    (void)state;
    for (unsigned i = 0; i < RD_REPLY_MESSAGES; i++)
        rd_reply_add(r)->body = RD_LIT("more");
    end_run(0, RD_OUTCOME_ok, r);
    settle_all();
    BODIES(t, "fallback");
    assert_int_equal(t->outcome, RD_OUTCOME_error);
}

/* ---- msg:reply, msg:finish ----------------------------------------------------------------- */

static void
test_replies_come_in_order_before_the_returned_one(void **state)
{
    struct world_ticket *t = ask(0, 0);

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(rd_inbox_reply(task_of(0), reply_of(i ? "two" : "one"), NULL, NULL,
                                        on_op_done), RD_PUBLISHED_IN_TIME);
    end_run(0, RD_OUTCOME_ok, reply_of("three"));
    settle_all();
    BODIES(t, "one", "two", "three");
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
}

static void
test_published_alone_is_an_answer(void **state)
{
    struct world_ticket *t = ask(0, 0);

    (void)state;
    rd_inbox_reply(task_of(0), reply_of("one"), NULL, NULL, on_op_done);
    end_run(0, RD_OUTCOME_empty, NULL);
    settle_all();
    BODIES(t, "one");
    assert_int_equal(t->outcome, RD_OUTCOME_ok);
}

static void
test_at_the_deadline_what_was_published_then_the_fallback(void **state)
{
    struct world_ticket *t = ask(0, 0);

    (void)state;
    rd_inbox_reply(task_of(0), reply_of("one"), NULL, NULL, on_op_done);
    world_soft(t);
    pump();
    assert_int_equal(runs[0].cancelled, RD_OUTCOME_cancelled);
    settle_all();
    BODIES(t, "one", "fallback");
    assert_int_equal(t->why, RD_WHY_deadline);
    assert_int_equal(rd_inbox_reply(task_of(0), reply_of("two"), NULL, NULL, on_op_done),
                     RD_PUBLISHED_STALE);
    end_run(0, RD_OUTCOME_cancelled, NULL);
    settle_all();
    assert_int_equal(world_count(RD_METRIC_effects_dropped_total), 1);
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
    assert_at_rest(0);
}

/* Its `error` handler is late, too: what the handler itself said is void. */
static void
test_after_a_failure_the_deadline_sends_the_fallback_alone(void **state)
{
    struct world_ticket *t = ask(0, 0);

    (void)state;
    rd_inbox_reply(task_of(0), reply_of("void"), NULL, NULL, on_op_done);
    host.run_failed(&runs[0], task_of(0), RD_OUTCOME_memory);
    world_soft(t);
    pump();
    settle_all();
    assert_answer(t, FALLBACK_BIT);
    assert_int_equal(t->outcome, RD_OUTCOME_memory);
    assert_int_equal(t->why, RD_WHY_error_handler);
    end_run(0, RD_OUTCOME_memory, reply_of("too late"));
    settle_all();
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
}

static void
test_finish_answers_and_the_handler_goes_on(void **state)
{
    struct world_ticket *t = ask(0, 0);

    (void)state;
    rd_inbox_reply(task_of(0), reply_of("one"), NULL, NULL, on_op_done);
    assert_int_equal(rd_inbox_finish(task_of(0), NULL, on_op_done), RD_PUBLISHED_COMMIT);
    settle_all();
    BODIES(t, "one");
    assert_true(rd_inbox_time_left(task_of(0)) > 3500);
    assert_int_equal(rd_inbox_finish(task_of(0), NULL, on_op_done), RD_PUBLISHED_NOT_NEEDED);
    assert_int_equal(rd_inbox_reply(task_of(0), reply_of("two"), NULL, NULL, on_op_done),
                     RD_PUBLISHED_COMMIT);
    settle_all();
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 1);
    end_run(0, RD_OUTCOME_ok, reply_of("three"));
    settle_all();
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 2);
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_at_rest(0);
}

static void
test_the_late_limit_ends_it(void **state)
{
    struct world_ticket *t;

    (void)state;
    world.config.late_limit_ms = 1;
    t = ask(0, 0);
    rd_inbox_finish(task_of(0), NULL, on_op_done);
    while (runs[0].cancelled < 0)
        uv_run(&world.loop, UV_RUN_ONCE);
    assert_int_equal(runs[0].cancelled, RD_OUTCOME_cancelled);
    settle_all();
    assert_bodies(t, NULL, 0);
    end_run(0, RD_OUTCOME_cancelled, NULL);
}

static void
test_cancelled_while_queued_never_starts(void **state)
{
    struct world_ticket *t = world_ask(0, 0);    /* its mail is not popped yet */

    (void)state;
    world_soft(t);
    pump();
    assert_int_equal(n_runs, 0);
    assert_int_equal(world.g.in_flight, 0);
    settle_all();
    assert_true(t->answered);
    assert_at_rest(0);
}

/* ---- what a handler spawned ---------------------------------------------------------------- */

static void
test_what_it_spawned_goes_on_without_the_conversation(void **state)
{
    struct world_ticket *t, *u;

    (void)state;
    world.one_sender = true;
    t = ask(0, 0);
    u = ask(1, 0);
    spawned = true;
    end_run(0, RD_OUTCOME_ok, reply_of("ended"));
    pump();
    assert_int_equal(n_runs, 2);
    settle_all();
    BODIES(t, "ended");
    assert_at_rest(0);
    assert_int_equal(world.g.in_flight, 2);
    assert_true(rd_inbox_time_left(task_of(0)) > 3500);
    spawned = false;
    end_run(1, RD_OUTCOME_empty, NULL);
    host.run_gone(&runs[0], task_of(0));
    settle_all();
    assert_bodies(u, NULL, 0);
    assert_int_equal(world.g.in_flight, 0);
}

static void
test_the_late_limit_ends_what_it_spawned(void **state)
{
    (void)state;
    world.config.late_limit_ms = 1;
    ask(0, 0);
    spawned = true;
    end_run(0, RD_OUTCOME_empty, NULL);
    while (runs[0].cancelled < 0)
        uv_run(&world.loop, UV_RUN_ONCE);
    host.run_gone(&runs[0], task_of(0));
    settle_all();
    assert_at_rest(0);
}

/* The first to begin is the first whose time is over, whenever it came to be watched. */
static void
test_the_late_limit_counts_from_the_start(void **state)
{
    (void)state;
    world.config.late_limit_ms = 30;
    ask(0, 0);
    task_of(0)->started_ns -= 20 * RD_MS;
    ask(1, 0);
    rd_inbox_finish(task_of(1), NULL, on_op_done);
    rd_inbox_finish(task_of(0), NULL, on_op_done);
    settle_all();
    while (runs[0].cancelled < 0)
        uv_run(&world.loop, UV_RUN_ONCE);
    while (runs[1].cancelled < 0)
        uv_run(&world.loop, UV_RUN_ONCE);
    end_run(0, RD_OUTCOME_cancelled, NULL);
    end_run(1, RD_OUTCOME_cancelled, NULL);
}

static void
test_replies_of_coroutines_have_keys_of_their_own(void **state)
{
    struct world_ticket *t = ask(0, 0);

    (void)state;
    rd_inbox_reply(task_of(0), reply_of("same"), NULL, NULL, on_op_done);
    rd_inbox_reply(task_of(0), reply_of("same"), &runs[4], NULL, on_op_done);
    rd_inbox_reply(task_of(0), reply_of("same"), &runs[5], NULL, on_op_done);
    end_run(0, RD_OUTCOME_empty, NULL);
    settle_all();
    BODIES(t, "same", "same", "same");
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_a_handlers_reply_is_the_answer),
        IN(test_nothing_to_say),
        IN(test_a_keyword_has_its_own_handler_and_args),
        IN(test_a_status_without_handler_is_no_run),
        IN(test_a_status_has_until_the_late_limit),
        IN(test_failures_answer_with_the_fallback),
        IN(test_or_with_the_error_handlers_reply),
        IN(test_a_reply_beyond_the_limits_is_an_error),
        IN(test_replies_come_in_order_before_the_returned_one),
        IN(test_published_alone_is_an_answer),
        IN(test_at_the_deadline_what_was_published_then_the_fallback),
        IN(test_after_a_failure_the_deadline_sends_the_fallback_alone),
        IN(test_finish_answers_and_the_handler_goes_on),
        IN(test_the_late_limit_ends_it),
        IN(test_cancelled_while_queued_never_starts),
        IN(test_what_it_spawned_goes_on_without_the_conversation),
        IN(test_the_late_limit_ends_what_it_spawned),
        IN(test_the_late_limit_counts_from_the_start),
        IN(test_replies_of_coroutines_have_keys_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
