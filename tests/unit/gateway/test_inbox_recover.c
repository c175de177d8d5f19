/* Messages go from a lost thread to its successor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/worker_doubles.h"

/* What main does: new tasks for the successor, given once the store has buried the epoch. */
static void
recover(unsigned running)
{
    struct rd_task *stuck, *t, *next;
    struct rd_mail *rest, *next_mail;

    workers[0].running = running < n_runs ? runs[running].order.order : NULL;
    rd_shards_move(&world.g.shards, &workers[0].box, &workers[1].box);
    rest = rd_mailbox_close(&workers[0].box);
    t = rd_inbox_take_all(&workers[0], &stuck);
    for (; t != NULL; t = next) {
        next = t->next;
        if (t == stuck)
            rd_inbox_give_lost(&workers[1].box, t);
        else
            rd_inbox_give(&workers[1].box, t);
    }
    for (; rest != NULL; rest = next_mail) {
        next_mail = rest->next;
        rd_inbox_give_mail(&workers[1].box, rest);
    }
}

/* Its VM keeps what it had started; in the test nobody does. */
static void
free_leaked(struct rd_task *t)
{
    atomic_fetch_add(&world.g.in_flight, 1);
    rd_metric_add(RD_METRIC_runs, 0, 1);
    rd_task_free(t);
}

static void
test_the_successor_runs_what_the_lost_thread_had(void **state)
{
    struct world_ticket *t[4] = { ask(0, 0), ask(1, 0), ask(2, 0), NULL };
    struct rd_task *leaked[2] = { task_of(0), task_of(2) };

    (void)state;
    end_run(1, RD_OUTCOME_ok, reply_of("in time"));    /* its mail counts */
    t[3] = world_ask(3, 0);                             /* not popped */
    recover(2);
    pump();
    assert_int_equal(n_runs, 5);    /* 0 again, and 3 */
    assert_int_equal(task_of(3)->attempt, 1);
    end_run(3, RD_OUTCOME_ok, reply_of("again"));
    end_run(4, RD_OUTCOME_ok, reply_of("moved"));
    settle_all();
    BODIES(t[0], "again");
    BODIES(t[1], "in time");
    BODIES(t[2], "fallback");
    assert_int_equal(t[2]->outcome, RD_OUTCOME_lost_thread);
    BODIES(t[3], "moved");
    assert_int_equal(world.g.in_flight, 0);
    for (unsigned i = 0; i < 2; i++)
        free_leaked(leaked[i]);
    for (unsigned key = 0; key < 4; key++)
        assert_at_rest(key);
}

/* The lost thread came back: whatever it says is not heard. */
static void
test_a_zombie_is_not_heard(void **state)
{
    struct world_ticket *t = ask(0, 0);
    struct rd_task *leaked = task_of(0);

    (void)state;
    recover(RUNS_MOST);
    assert_int_equal(rd_inbox_reply(leaked, reply_of("late"), NULL, NULL, on_op_done),
                     RD_PUBLISHED_STALE);
    assert_int_equal(rd_inbox_finish(leaked, NULL, on_op_done), RD_PUBLISHED_STALE);
    pump();
    end_run(1, RD_OUTCOME_ok, reply_of("again"));
    settle_all();
    BODIES(t, "again");
    free_leaked(leaked);
}

static void
test_a_cancelled_message_is_not_taken(void **state)
{
    struct world_ticket *t = ask(0, 0);
    struct rd_task *leaked = task_of(0);

    (void)state;
    world_soft(t);    /* and its cancel mail is not popped */
    recover(0);
    pump();
    assert_int_equal(n_runs, 1);
    settle_all();
    assert_true(t->answered);
    assert_at_rest(0);
    free_leaked(leaked);
}

static void
test_new_messages_wait_until_the_successor_is_released(void **state)
{
    struct world_ticket *t[2];

    (void)state;
    recover(RUNS_MOST);
    t[0] = ask(0, 0);
    t[1] = ask(1, 0);
    assert_int_equal(n_runs, 0);
    world_soft(t[1]);
    pump();
    rd_inbox_release(&workers[1].box);
    pump();
    assert_int_equal(n_runs, 1);    /* the second was cancelled meanwhile */
    end_run(0, RD_OUTCOME_ok, reply_of("hello"));
    settle_all();
    BODIES(t[0], "hello");
    assert_true(t[1]->answered);
    t[0] = ask(2, 0);
    assert_int_equal(n_runs, 2);    /* and nobody waits any more */
    end_run(1, RD_OUTCOME_empty, NULL);
}

/* Twilio has its answer already: nothing but the late limit ends the rerun. */
static void
test_a_rerun_after_finish_has_the_late_limit(void **state)
{
    struct rd_task *leaked;

    (void)state;
    ask(0, 0);
    leaked = task_of(0);
    rd_inbox_finish(leaked, NULL, on_op_done);
    settle_all();
    recover(RUNS_MOST);
    pump();
    assert_true(rd_inbox_time_left(task_of(1)) > 3500);
    end_run(1, RD_OUTCOME_empty, NULL);
    settle_all();
    assert_at_rest(0);
    free_leaked(leaked);
}

/* Those that waited keep their order and their place, whatever the queue's limit says. */
static void
test_a_conversation_goes_on_in_order(void **state)
{
    struct world_ticket *t[3];
    struct rd_task *leaked;

    (void)state;
    world.one_sender = true;
    for (unsigned i = 0; i < 3; i++)
        t[i] = ask(i, 0);
    leaked = task_of(0);
    world.config.max_sender_queue = 1;
    recover(RUNS_MOST);
    pump();
    assert_int_equal(n_runs, 2);
    for (unsigned i = 1; i < 4; i++) {
        end_run(i, RD_OUTCOME_ok, reply_of(i == 1 ? "first" : i == 2 ? "second" : "third"));
        pump();
    }
    settle_all();
    BODIES(t[0], "first");
    BODIES(t[1], "second");
    BODIES(t[2], "third");
    free_leaked(leaked);
    assert_int_equal(world.g.in_flight, 0);
}

/* What a handler spawned is not run again: its message was answered. */
static void
test_what_was_spawned_is_lost_with_its_thread(void **state)
{
    struct world_ticket *t = ask(0, 0);
    struct rd_task *leaked = task_of(0);

    (void)state;
    spawned = true;
    end_run(0, RD_OUTCOME_ok, reply_of("ended"));
    settle_all();
    BODIES(t, "ended");
    recover(0);
    pump();
    settle_all();
    assert_int_equal(n_runs, 1);
    assert_int_equal(world.g.in_flight, 0);
    free_leaked(leaked);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_the_successor_runs_what_the_lost_thread_had),
        IN(test_a_zombie_is_not_heard),
        IN(test_a_cancelled_message_is_not_taken),
        IN(test_new_messages_wait_until_the_successor_is_released),
        IN(test_a_rerun_after_finish_has_the_late_limit),
        IN(test_a_conversation_goes_on_in_order),
        IN(test_what_was_spawned_is_lost_with_its_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
