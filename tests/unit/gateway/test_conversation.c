/* One sender's messages have their turns in order; `concurrency` says what happens meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/worker_doubles.h"

static int
setup_one_sender(void **state)
{
    setup(state);
    world.one_sender = true;
    return 0;
}

static void
answer(unsigned run, const char *text)
{
    end_run(run, RD_OUTCOME_ok, reply_of(text));
    pump();
}

static void
test_the_next_begins_when_the_one_before_has_ended(void **state)
{
    struct world_ticket *t[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        t[i] = ask(i, 0);
    assert_int_equal(n_runs, 1);
    answer(0, "first");
    assert_int_equal(n_runs, 2);
    answer(1, "second");
    answer(2, "third");
    settle_all();
    BODIES(t[0], "first");
    BODIES(t[1], "second");
    BODIES(t[2], "third");
    assert_int_equal(world.g.in_flight, 0);
}

static void
test_another_sender_does_not_wait(void **state)
{
    (void)state;
    ask(0, 0);
    world.one_sender = false;
    ask(1, 0);
    assert_int_equal(n_runs, 2);
    answer(0, "a");
    answer(1, "b");
}

static void
test_status_events_have_no_turns(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        ask(i, ASK_STATUS);
    settle_all();
    assert_int_equal(n_runs, 2);
    end_run(0, RD_OUTCOME_empty, NULL);
    end_run(1, RD_OUTCOME_empty, NULL);
    settle_all();
}

static void
test_a_full_queue_drops(void **state)
{
    struct world_ticket *t[4];

    (void)state;
    world.config.max_sender_queue = 2;
    for (unsigned i = 0; i < 4; i++)
        t[i] = ask(i, 0);
    settle_all();
    assert_bodies(t[3], NULL, 0);
    assert_int_equal(t[3]->outcome, RD_OUTCOME_dropped);
    assert_int_equal(world_row(3), RD_ROW_ANSWERED);
    assert_at_rest(3);
    assert_int_equal(world.g.in_flight, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_waits(t[i]);
        answer(i, "in turn");
    }
    settle_all();
    assert_int_equal(n_runs, 3);
    assert_int_equal(world.g.in_flight, 0);
}

static void
test_at_its_deadline_a_waiting_one_leaves_the_queue(void **state)
{
    struct world_ticket *t[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        t[i] = ask(i, 0);
    world_soft(t[1]);
    pump();
    assert_int_equal(world.g.in_flight, 2);
    answer(0, "first");
    answer(1, "third");
    settle_all();
    assert_int_equal(t[1]->outcome, RD_OUTCOME_cancelled);
    assert_int_equal(t[1]->why, RD_WHY_no_turn);
    BODIES(t[2], "third");
    assert_int_equal(n_runs, 2);
}

static void
test_drop_answers_with_nothing_while_one_runs(void **state)
{
    struct world_ticket *t, *u;

    (void)state;
    concurrency = RD_CONCURRENCY_DROP;
    t = ask(0, 0);
    u = ask(1, 0);
    settle_all();
    assert_waits(t);
    assert_bodies(u, NULL, 0);
    assert_int_equal(u->outcome, RD_OUTCOME_dropped);
    answer(0, "first");
    u = ask(2, 0);
    answer(1, "third");
    settle_all();
    BODIES(t, "first");
    BODIES(u, "third");
}

static void
test_latest_ends_the_one_that_runs(void **state)
{
    struct world_ticket *t, *u;

    (void)state;
    concurrency = RD_CONCURRENCY_LATEST;
    t = ask(0, 0);
    rd_inbox_reply(task_of(0), reply_of("void"), NULL, NULL, on_op_done);
    u = ask(1, 0);
    assert_int_equal(runs[0].cancelled, RD_OUTCOME_cancelled);
    assert_int_equal(n_runs, 1);    /* until it has ended */
    settle_all();
    assert_bodies(t, NULL, 0);
    assert_int_equal(t->outcome, RD_OUTCOME_cancelled);
    end_run(0, RD_OUTCOME_cancelled, NULL);
    pump();
    assert_int_equal(n_runs, 2);
    answer(1, "latest");
    settle_all();
    BODIES(u, "latest");
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
    assert_at_rest(0);
}

static void
test_latest_gives_up_those_that_wait(void **state)
{
    struct world_ticket *t[3];

    (void)state;
    concurrency = RD_CONCURRENCY_LATEST;
    for (unsigned i = 0; i < 3; i++)
        t[i] = ask(i, 0);
    settle_all();
    assert_int_equal(t[1]->outcome, RD_OUTCOME_cancelled);
    assert_int_equal(world.g.in_flight, 2);
    end_run(0, RD_OUTCOME_cancelled, NULL);
    answer(1, "latest");
    settle_all();
    BODIES(t[2], "latest");
}

static void
test_a_finished_handler_has_given_its_turn_away(void **state)
{
    struct world_ticket *t = ask(0, 0), *u;

    (void)state;
    rd_inbox_finish(task_of(0), NULL, on_op_done);
    concurrency = RD_CONCURRENCY_LATEST;
    u = ask(1, 0);
    assert_int_equal(n_runs, 2);
    assert_int_equal(runs[0].cancelled, -1);
    answer(1, "next");
    settle_all();
    assert_bodies(t, NULL, 0);
    BODIES(u, "next");
    end_run(0, RD_OUTCOME_empty, NULL);
    settle_all();
    assert_at_rest(0);
}

static void
test_but_not_while_its_replies_may_come_late(void **state)
{
    struct world_ticket *t;

    (void)state;
    world.config.can_send = true;
    t = ask(0, 0);
    rd_inbox_finish(task_of(0), NULL, on_op_done);
    settle_all();
    assert_bodies(t, NULL, 0);
    ask(1, 0);
    assert_int_equal(n_runs, 1);
    end_run(0, RD_OUTCOME_empty, NULL);
    pump();
    assert_int_equal(n_runs, 2);
    end_run(1, RD_OUTCOME_empty, NULL);
    settle_all();
}

static void
test_latest_discards_what_was_not_sent(void **state)
{
    (void)state;
    world.config.can_send = true;
    concurrency = RD_CONCURRENCY_LATEST;
    ask(0, 0);
    rd_inbox_finish(task_of(0), NULL, on_op_done);
    rd_inbox_reply(task_of(0), reply_of("late"), NULL, NULL, on_op_done);
    settle_all();
    assert_int_equal(rd_metric_get(RD_METRIC_outbox, RD_OUTBOX_waiting), 1);
    ask(1, 0);
    settle_all();
    assert_int_equal(rd_metric_get(RD_METRIC_outbox, RD_OUTBOX_waiting), 0);
    assert_int_equal(world_row(0), RD_ROW_DONE);
    end_run(0, RD_OUTCOME_cancelled, NULL);
    end_run(1, RD_OUTCOME_empty, NULL);
    settle_all();
}

/* Nothing that comes before or after it may make us deaf to a STOP. */
static void
assert_stop_is_heard(enum rd_concurrency is, bool followed)
{
    world.config.max_sender_queue = followed ? 2 : 0;
    concurrency = is;
    ask(0, 0);
    ask(1, ASK_STOP);
    if (followed)
        ask(2, 0);
    end_run(0, RD_OUTCOME_empty, NULL);
    pump();
    assert_int_equal(n_runs, followed ? 3 : 2);    /* a STOP gives its turn away as it begins */
    assert_int_equal(runs[1].order.handler, RD_HANDLER_OPT_OUT);
    for (unsigned i = 1; i < n_runs; i++)
        end_run(i, RD_OUTCOME_empty, NULL);
    settle_all();
    assert_int_equal(world.g.in_flight, 0);
}

static void
test_a_full_queue_takes_an_opt_out(void **state)
{
    (void)state;
    assert_stop_is_heard(RD_CONCURRENCY_QUEUE, false);
}

static void
test_drop_takes_an_opt_out(void **state)
{
    (void)state;
    assert_stop_is_heard(RD_CONCURRENCY_DROP, false);
}

static void
test_latest_does_not_give_an_opt_out_up(void **state)
{
    (void)state;
    assert_stop_is_heard(RD_CONCURRENCY_LATEST, true);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, setup_one_sender, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_the_next_begins_when_the_one_before_has_ended),
        IN(test_another_sender_does_not_wait),
        IN(test_status_events_have_no_turns),
        IN(test_a_full_queue_drops),
        IN(test_at_its_deadline_a_waiting_one_leaves_the_queue),
        IN(test_drop_answers_with_nothing_while_one_runs),
        IN(test_latest_ends_the_one_that_runs),
        IN(test_latest_gives_up_those_that_wait),
        IN(test_a_finished_handler_has_given_its_turn_away),
        IN(test_but_not_while_its_replies_may_come_late),
        IN(test_latest_discards_what_was_not_sent),
        IN(test_a_full_queue_takes_an_opt_out),
        IN(test_drop_takes_an_opt_out),
        IN(test_latest_does_not_give_an_opt_out_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
