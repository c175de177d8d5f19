/* Scheduled handlers under a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/schedule.h"
#include "gateway/worker_doubles.h"

#define DAY 86400.0
#define NINE (20600 * DAY + 9 * 3600)    /* 09:00 UTC of a Wednesday, 2026-05-27 */

static struct rd_schedule *schedule;
static struct rd_generation other;    /* after a reload */

static void
entry(struct rd_generation *g, const char *line)
{
    struct rd_script_entry *e = &g->entries[g->n_entries++];
    struct rd_buf why;

    rd_buf_init(&why, 1000);
    e->line = rd_slice_str(line);
    assert_int_equal(rd_cron_parse(e->line, &e->cron, &why), 0);
    rd_buf_free(&why);
}

static int
setup_schedule(void **state)
{
    setup(state);
    assert_int_equal(rd_zone_load("UTC", &world.config.zone, NULL), 0);
    schedule = rd_schedule_new(&world.g, &world.front.loop.mailbox);
    other = (struct rd_generation){ .refs = 1, .config = &world.config };
    return 0;
}

static int
teardown_schedule(void **state)
{
    settle_all();
    rd_schedule_free(schedule);
    assert_int_equal(other.refs, 1);
    rd_zone_free(world.config.zone);
    world.config.zone = NULL;
    return teardown(state);
}

static void
install(double now)
{
    rd_schedule_install(schedule, &world.generation, now);
    settle_all();
}

static void
tick(double now)
{
    rd_schedule_tick(schedule, now);
    settle_all();
}

/* Every ten seconds of this time is looked at, and what begins ends at once. */
static void
pass(double from, double to)
{
    unsigned ended = n_runs;

    for (double now = from; now < to; now += 10) {
        tick(now);
        while (ended < n_runs)
            end_run(ended++, RD_OUTCOME_empty, NULL);
        settle_all();
    }
}

static void
test_each_tick_runs_once_on_shard_0(void **state)
{
    (void)state;
    entry(&world.generation, "0 9 * * *");
    install(NINE - 30);
    tick(NINE - 1);
    assert_int_equal(n_runs, 0);
    for (double s = 0; s < 59; s += 0.5)
        tick(NINE + s);
    assert_int_equal(n_runs, 1);
    assert_int_equal(runs[0].order.handler, RD_HANDLER_SCHEDULE);
    assert_int_equal(runs[0].order.keyword, 0);
    assert_int_equal(task_of(0)->shard, 0);
    assert_true(runs[0].order.deadline_ns(task_of(0)) > rd_clock_ns());
    end_run(0, RD_OUTCOME_ok, NULL);
    settle_all();
    assert_int_equal(world.g.in_flight, 0);
    assert_int_equal(rd_metric_get(RD_METRIC_messages_total,
                                   rd_metric_outcome(RD_KIND_SCHEDULE, RD_OUTCOME_ok)), 1);
    tick(NINE + DAY);
    assert_int_equal(n_runs, 2);
    end_run(1, RD_OUTCOME_error, NULL);
    settle_all();
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 0);
}

/* An entry of nine o'clock has had its run of today. */
static void
run_at_nine(void)
{
    entry(&world.generation, "0 9 * * *");
    install(NINE - 30);
    tick(NINE);
    end_run(0, RD_OUTCOME_empty, NULL);
    settle_all();
}

static void
test_the_minute_of_the_start_is_not_due(void **state)
{
    (void)state;
    entry(&world.generation, "* * * * *");
    install(NINE + 10);
    tick(NINE + 59);
    assert_int_equal(n_runs, 0);
    tick(NINE + 60);
    assert_int_equal(n_runs, 1);
    end_run(0, RD_OUTCOME_empty, NULL);
}

static void
test_one_at_a_time_for_each_entry(void **state)
{
    (void)state;
    entry(&world.generation, "* * * * *");
    entry(&world.generation, "*/2 * * * *");
    concurrency = RD_CONCURRENCY_LATEST;    /* of messages, not of entries */
    install(NINE - 30);
    tick(NINE);
    assert_int_equal(n_runs, 2);
    tick(NINE + 60);
    assert_int_equal(n_runs, 2);
    assert_int_equal(runs[0].cancelled, -1);
    assert_int_equal(world.g.in_flight, 3);
    for (unsigned i = 0; i < 3; i++) {
        end_run(i, RD_OUTCOME_empty, NULL);
        pump();
    }
    settle_all();
    assert_int_equal(n_runs, 3);
    assert_int_equal(world.g.in_flight, 0);
}

/* One hangs and one waits for it: the third has no place, and that is told. */
static void
test_a_tick_that_is_dropped_is_counted(void **state)
{
    (void)state;
    world.config.max_sender_queue = 1;
    entry(&world.generation, "* * * * *");
    install(NINE - 30);
    for (unsigned i = 0; i < 3; i++)
        tick(NINE + 60 * i);
    assert_int_equal(world.g.in_flight, 2);
    assert_int_equal(rd_metric_get(RD_METRIC_messages_total,
                                   rd_metric_outcome(RD_KIND_SCHEDULE, RD_OUTCOME_dropped)), 1);
    for (unsigned i = 0; i < 2; i++) {
        end_run(i, RD_OUTCOME_empty, NULL);
        pump();
    }
    settle_all();
    assert_int_equal(n_runs, 2);
    assert_int_equal(world.g.in_flight, 0);
}

static void
test_what_was_missed_runs_once(void **state)
{
    (void)state;
    entry(&world.generation, "0 * * * *");
    install(NINE - 30);
    tick(NINE + 5.5 * 3600);    /* the machine slept over five of them and one */
    assert_int_equal(n_runs, 1);
    assert_true(rd_slice_eq(task_of(0)->message->body, RD_LIT("1779890400")));    /* the last */
    end_run(0, RD_OUTCOME_empty, NULL);
    tick(NINE + 6 * 3600);
    assert_int_equal(n_runs, 2);
    end_run(1, RD_OUTCOME_empty, NULL);
}

static void
test_or_is_skipped(void **state)
{
    (void)state;
    world.config.schedule_missed = RD_MISSED_SKIP;
    entry(&world.generation, "0 * * * *");
    install(NINE - 30);
    tick(NINE + 5.5 * 3600);
    assert_int_equal(n_runs, 0);
    tick(NINE + 6 * 3600);
    assert_int_equal(n_runs, 1);
    end_run(0, RD_OUTCOME_empty, NULL);
}

/* A new process on the same store: it knows the last tick that ran, and that it ran. */
static void
test_a_restart_finds_what_was_missed_meanwhile(void **state)
{
    (void)state;
    run_at_nine();
    rd_schedule_free(schedule);
    schedule = rd_schedule_new(&world.g, &world.front.loop.mailbox);
    install(NINE + 600);
    tick(NINE + 660);
    assert_int_equal(n_runs, 1);    /* nothing was missed */
    rd_schedule_free(schedule);
    schedule = rd_schedule_new(&world.g, &world.front.loop.mailbox);
    install(NINE + 2.5 * DAY);
    tick(NINE + 2.5 * DAY + 60);
    assert_int_equal(n_runs, 2);    /* of two ticks the last one */
    end_run(1, RD_OUTCOME_empty, NULL);
}

static void
test_another_process_has_claimed_the_tick(void **state)
{
    (void)state;
    run_at_nine();
    rd_claims_free(world.g.claims);
    world.g.claims = rd_claims_new();    /* of the other: the store is asked */
    rd_schedule_free(schedule);
    schedule = rd_schedule_new(&world.g, &world.front.loop.mailbox);
    rd_schedule_install(schedule, &world.generation, NINE - 30);
    tick(NINE - 1);
    tick(NINE);
    assert_int_equal(n_runs, 1);
}

static void
test_a_reload_keeps_the_last_tick(void **state)
{
    (void)state;
    run_at_nine();
    entry(&other, "0 9 * * *");
    entry(&other, "* * * * *");
    rd_schedule_install(schedule, &other, NINE + 10);
    settle_all();
    tick(NINE + 20);
    assert_int_equal(n_runs, 1);
    tick(NINE + 60);
    assert_int_equal(n_runs, 2);
    assert_int_equal(runs[1].order.keyword, 1);
    end_run(1, RD_OUTCOME_empty, NULL);
    settle_all();
    other.n_entries = 0;
    rd_schedule_install(schedule, &other, NINE + 70);
    assert_true(rd_schedule_is_empty(schedule));
    tick(NINE + DAY);
    assert_int_equal(n_runs, 2);
}

static void
test_a_clock_set_back_runs_nothing_twice(void **state)
{
    (void)state;
    entry(&world.generation, "0 9 * * *");
    install(NINE - 30);
    tick(NINE + 1);
    end_run(0, RD_OUTCOME_empty, NULL);
    settle_all();
    for (double now = NINE - 1800; now < NINE + 300; now += 7)
        tick(now);
    assert_int_equal(n_runs, 1);
    tick(NINE - 5 * DAY);    /* set back by much: its time is the one that counts */
    tick(NINE - 4 * DAY);
    assert_int_equal(n_runs, 2);
    end_run(1, RD_OUTCOME_empty, NULL);
}

static void
test_a_store_that_fails_delays_it(void **state)
{
    (void)state;
    entry(&world.generation, "0 9 * * *");
    install(NINE - 30);
    rd_schedule_tick(schedule, NINE);
    pump();
    world_store_fails();
    assert_int_equal(n_runs, 0);
    settle_all();
    assert_int_equal(n_runs, 1);
    end_run(0, RD_OUTCOME_empty, NULL);
}

static void
test_a_full_thread_delays_it(void **state)
{
    (void)state;
    entry(&world.generation, "0 9 * * *");
    install(NINE - 30);
    world.config.max_in_flight = 0;
    tick(NINE);
    assert_int_equal(n_runs, 0);
    world.config.max_in_flight = 1000;
    world_tick();
    settle_all();
    assert_int_equal(n_runs, 1);
    end_run(0, RD_OUTCOME_empty, NULL);
}

static void
test_two_days_around_the_change_of_clocks(void **state)
{
    (void)state;
    rd_zone_free(world.config.zone);
    assert_int_equal(rd_zone_load("Europe/Berlin", &world.config.zone, NULL), 0);
    entry(&world.generation, "30 2 * * *");
    install(1774738800 - 60);    /* 29 March 2026, midnight in Berlin */
    pass(1774738800, 1774738800 + 4 * 3600);
    assert_int_equal(n_runs, 1);
    install(1792879200 - 60);    /* 25 October 2026 */
    pass(1792879200 - 60, 1792879200 + 5 * 3600);
    assert_int_equal(n_runs, 3);    /* and one for the summer that nobody looked at */
}

#define IN(test) cmocka_unit_test_setup_teardown(test, setup_schedule, teardown_schedule)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_each_tick_runs_once_on_shard_0),
        IN(test_the_minute_of_the_start_is_not_due),
        IN(test_one_at_a_time_for_each_entry),
        IN(test_a_tick_that_is_dropped_is_counted),
        IN(test_what_was_missed_runs_once),
        IN(test_or_is_skipped),
        IN(test_a_restart_finds_what_was_missed_meanwhile),
        IN(test_another_process_has_claimed_the_tick),
        IN(test_a_reload_keeps_the_last_tick),
        IN(test_a_clock_set_back_runs_nothing_twice),
        IN(test_a_store_that_fails_delays_it),
        IN(test_a_full_thread_delays_it),
        IN(test_two_days_around_the_change_of_clocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
