/* Texts of one sender wait for more of their burst; what comes of it has one turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/worker_doubles.h"
#include "gateway/burst.h"

#define WINDOW_MS 20
#define FOREVER_MS 13000    /* no test reaches it */

static int
setup_one_sender(void **state)
{
    setup(state);
    world.one_sender = true;
    debounce_ms = FOREVER_MS;
    return 0;
}

/* Until that many handlers have begun; a test that hangs here has failed. */
static void
wait_runs(unsigned n)
{
    while (n_runs < n)
        uv_run(&world.loop, UV_RUN_ONCE);
    assert_int_equal(n_runs, n);
}

static void
answer(unsigned run, const char *text)
{
    end_run(run, RD_OUTCOME_ok, reply_of(text));
    settle_all();
}

static void
assert_body(unsigned run, const char *want)
{
    struct rd_slice body = task_of(run)->message->body;

    assert_int_equal(body.n, strlen(want));
    assert_memory_equal(body.p, want, body.n);
}

static void
assert_merged(const struct world_ticket *t)
{
    assert_bodies(t, NULL, 0);
    assert_int_equal(t->outcome, RD_OUTCOME_merged);
    assert_int_equal(world_row(t->key), RD_ROW_ANSWERED);
    assert_at_rest(t->key);
}

static void
test_the_last_part_carries_the_answer(void **state)
{
    struct world_ticket *t[3];

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        t[i] = ask(i, 0);
    debounce_ms = WINDOW_MS;
    t[2] = ask(2, 0);
    settle_all();
    assert_merged(t[0]);
    assert_merged(t[1]);
    assert_waits(t[2]);
    wait_runs(1);
    assert_body(0, "0\n1\n2");
    assert_int_equal(runs[0].order.handler, RD_HANDLER_MESSAGE);
    answer(0, "all of it");
    BODIES(t[2], "all of it");
    assert_int_equal(world.g.in_flight, 0);
}

static void
test_a_retry_of_a_part_gets_its_answer_again(void **state)
{
    struct world_ticket *t;

    (void)state;
    ask(0, 0);
    debounce_ms = WINDOW_MS;
    ask(1, 0);
    wait_runs(1);
    answer(0, "both");
    t = ask(0, 0);
    assert_bodies(t, NULL, 0);
    assert_int_equal(t->outcome, RD_OUTCOME_replay);
    assert_int_equal(n_runs, 1);
}

static void
test_one_alone_is_itself(void **state)
{
    struct world_ticket *t;

    (void)state;
    debounce_ms = WINDOW_MS;
    t = ask(3, 0);
    assert_int_equal(n_runs, 0);
    wait_runs(1);
    assert_body(0, "3");
    assert_int_equal(task_of(0)->message->n_parts, 0);
    answer(0, "alone");
    BODIES(t, "alone");
}

static void
test_senders_have_windows_of_their_own(void **state)
{
    (void)state;
    world.one_sender = false;
    ask(0, 0);
    debounce_ms = WINDOW_MS;    /* ends before the first one does */
    ask(1, 0);
    wait_runs(1);
    assert_body(0, "1");
    answer(0, "one");
    assert_int_equal(world.g.in_flight, 1);
    world_soft(&world.tickets[0]);
    pump();
}

static void
test_a_keyword_ends_the_burst_and_comes_after_it(void **state)
{
    struct world_ticket *t[2], *word;

    (void)state;
    t[0] = ask(0, 0);
    t[1] = ask(1, 0);
    keyword = 0;
    word = ask(2, 0);
    assert_int_equal(n_runs, 1);
    assert_body(0, "0\n1");
    assert_int_equal(runs[0].order.handler, RD_HANDLER_MESSAGE);
    answer(0, "burst");
    assert_int_equal(n_runs, 2);
    assert_int_equal(runs[1].order.handler, RD_HANDLER_KEYWORD);
    answer(1, "keyword");
    assert_merged(t[0]);
    BODIES(t[1], "burst");
    BODIES(word, "keyword");
}

static void
test_an_opt_out_ends_the_burst(void **state)
{
    (void)state;
    ask(0, 0);
    ask(1, ASK_STOP);
    assert_int_equal(n_runs, 1);
    assert_body(0, "0");
    answer(0, "burst");
    assert_int_equal(runs[1].order.handler, RD_HANDLER_OPT_OUT);
    end_run(1, RD_OUTCOME_empty, NULL);
    settle_all();
}

static void
test_at_its_deadline_a_waiting_one_ends(void **state)
{
    struct world_ticket *t = ask(0, 0);

    (void)state;
    assert_waits(t);
    world_soft(t);
    pump();
    assert_int_equal(n_runs, 0);
    assert_int_equal(world.g.in_flight, 0);
    settle_all();
    assert_int_equal(t->outcome, RD_OUTCOME_cancelled);
}

static void
test_what_its_deadline_has_ended_is_not_joined(void **state)
{
    struct world_ticket *t[2];

    (void)state;
    t[0] = ask(0, 0);
    world_soft(t[0]);    /* the cancel has not come yet when the next part does */
    debounce_ms = WINDOW_MS;
    t[1] = ask(1, 0);
    wait_runs(1);
    assert_body(0, "1");
    answer(0, "the second alone");
    assert_int_equal(t[0]->outcome, RD_OUTCOME_cancelled);
    BODIES(t[1], "the second alone");
}

/* While the first runs, the second waits for more and the third, a keyword, ends that. */
static void
ask_a_burst_and_its_keyword_while_one_runs(struct world_ticket *t[3])
{
    debounce_ms = WINDOW_MS;
    t[0] = ask(0, 0);
    wait_runs(1);
    debounce_ms = FOREVER_MS;
    t[1] = ask(1, 0);
    keyword = 0;
    t[2] = ask(2, 0);
}

static void
test_a_burst_takes_its_turn_behind_who_runs(void **state)
{
    struct world_ticket *t[3];

    (void)state;
    ask_a_burst_and_its_keyword_while_one_runs(t);
    assert_int_equal(n_runs, 1);
    answer(0, "first");
    assert_body(1, "1");
    answer(1, "burst");
    answer(2, "keyword");
}

static void
test_drop_and_latest_count_a_burst_as_one(void **state)
{
    struct world_ticket *t[3];

    (void)state;
    concurrency = RD_CONCURRENCY_LATEST;
    debounce_ms = WINDOW_MS;
    t[0] = ask(0, 0);
    wait_runs(1);
    t[1] = ask(1, 0);
    t[2] = ask(2, 0);
    assert_int_equal(runs[0].cancelled, -1);    /* not before the burst is whole */
    while (runs[0].cancelled < 0)
        uv_run(&world.loop, UV_RUN_ONCE);
    end_run(0, RD_OUTCOME_cancelled, NULL);
    wait_runs(2);
    answer(1, "burst");
    assert_int_equal(t[0]->outcome, RD_OUTCOME_cancelled);
    assert_merged(t[1]);
    BODIES(t[2], "burst");
}

/* A keyword that finds a burst waiting and nobody running ends the one and waits for it. */
static void
assert_the_keyword_comes_after(enum rd_concurrency rule)
{
    struct world_ticket *t[2], *word;

    concurrency = rule;
    t[0] = ask(0, 0);
    t[1] = ask(1, 0);
    keyword = 0;
    word = ask(2, 0);
    assert_int_equal(n_runs, 1);
    assert_body(0, "0\n1");
    assert_int_equal(runs[0].cancelled, -1);
    answer(0, "burst");
    assert_int_equal(n_runs, 2);
    answer(1, "keyword");
    assert_merged(t[0]);
    BODIES(t[1], "burst");
    BODIES(word, "keyword");
    assert_int_equal(world.g.in_flight, 0);
}

static void
test_a_keyword_is_not_dropped_for_the_burst_that_it_ends(void **state)
{
    (void)state;
    assert_the_keyword_comes_after(RD_CONCURRENCY_DROP);
}

static void
test_a_keyword_does_not_cancel_the_burst_that_it_ends(void **state)
{
    (void)state;
    assert_the_keyword_comes_after(RD_CONCURRENCY_LATEST);
}

static void
test_a_keyword_and_its_burst_are_dropped_while_one_runs(void **state)
{
    struct world_ticket *t[3];

    (void)state;
    concurrency = RD_CONCURRENCY_DROP;
    ask_a_burst_and_its_keyword_while_one_runs(t);
    settle_all();
    for (unsigned i = 1; i < 3; i++) {
        assert_bodies(t[i], NULL, 0);
        assert_int_equal(t[i]->outcome, RD_OUTCOME_dropped);
    }
    answer(0, "first");
    assert_int_equal(n_runs, 1);
}

static void
test_a_keyword_and_its_burst_are_the_latest(void **state)
{
    struct world_ticket *t[3];

    (void)state;
    concurrency = RD_CONCURRENCY_LATEST;
    ask_a_burst_and_its_keyword_while_one_runs(t);
    assert_int_equal(runs[0].cancelled, (int)RD_OUTCOME_cancelled);
    end_run(0, RD_OUTCOME_cancelled, NULL);
    settle_all();
    assert_int_equal(t[0]->outcome, RD_OUTCOME_cancelled);
    answer(1, "burst");
    BODIES(t[1], "burst");
    answer(2, "keyword");
    BODIES(t[2], "keyword");
}

static void
test_the_next_message_ends_both_under_latest(void **state)
{
    struct world_ticket *t[3];

    (void)state;
    concurrency = RD_CONCURRENCY_LATEST;
    t[0] = ask(0, 0);
    keyword = 0;
    t[1] = ask(1, 0);
    t[2] = ask(2, 0);
    assert_int_equal(runs[0].cancelled, (int)RD_OUTCOME_cancelled);
    end_run(0, RD_OUTCOME_cancelled, NULL);
    settle_all();
    answer(1, "newest");
    assert_int_equal(t[0]->outcome, RD_OUTCOME_cancelled);
    assert_int_equal(t[1]->outcome, RD_OUTCOME_cancelled);
    BODIES(t[2], "newest");
}

static void
test_an_error_of_a_burst_is_no_500(void **state)
{
    struct world_ticket *t;

    (void)state;
    world.config.on_error = RD_ON_ERROR_HTTP500;
    ask(0, 0);
    debounce_ms = WINDOW_MS;
    t = ask(1, 0);
    wait_runs(1);
    end_run(0, RD_OUTCOME_error, NULL);
    settle_all();
    BODIES(t, "fallback");
    assert_int_equal(t->outcome, RD_OUTCOME_error);
}

static void
test_a_burst_of_a_lost_thread_is_whole_elsewhere(void **state)
{
    struct rd_task *all, *stuck;
    struct world_ticket *t;

    (void)state;
    ask(0, 0);
    t = ask(1, 0);
    all = rd_inbox_take_all(&workers[0], &stuck);
    assert_null(stuck);
    assert_non_null(all);
    assert_null(all->next);
    rd_inbox_give(&workers[1].box, all);
    pump();
    wait_runs(1);    /* at once */
    assert_body(0, "0\n1");
    end_run(0, RD_OUTCOME_ok, reply_of("elsewhere"));
    settle_all();
    BODIES(t, "elsewhere");
}

#define IN(test) cmocka_unit_test_setup_teardown(test, setup_one_sender, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_the_last_part_carries_the_answer),
        IN(test_a_retry_of_a_part_gets_its_answer_again),
        IN(test_one_alone_is_itself),
        IN(test_senders_have_windows_of_their_own),
        IN(test_a_keyword_ends_the_burst_and_comes_after_it),
        IN(test_an_opt_out_ends_the_burst),
        IN(test_at_its_deadline_a_waiting_one_ends),
        IN(test_what_its_deadline_has_ended_is_not_joined),
        IN(test_a_burst_takes_its_turn_behind_who_runs),
        IN(test_drop_and_latest_count_a_burst_as_one),
        IN(test_a_keyword_is_not_dropped_for_the_burst_that_it_ends),
        IN(test_a_keyword_does_not_cancel_the_burst_that_it_ends),
        IN(test_a_keyword_and_its_burst_are_dropped_while_one_runs),
        IN(test_a_keyword_and_its_burst_are_the_latest),
        IN(test_the_next_message_ends_both_under_latest),
        IN(test_an_error_of_a_burst_is_no_500),
        IN(test_a_burst_of_a_lost_thread_is_whole_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
