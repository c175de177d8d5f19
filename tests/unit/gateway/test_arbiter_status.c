/* Status events: answered 204 once recorded, then their handler runs; and overload. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/world.h"
#include "gateway/world_doubles.h"

#define A 0x1u

static int
setup_no_repeat(void **state)
{
    (void)state;
    world_open();
    world.config.late_limit_ms = 0;
    return 0;
}

static void
assert_no_content(const struct world_ticket *t)
{
    assert_true(t->answered);
    assert_int_equal(t->status, 204);
    assert_string_equal(t->text, "");
}

/* ---- status events ------------------------------------------------------------------ */

static void
test_204_once_it_is_recorded_then_the_handler(void **state)
{
    struct world_ticket *t = world_ask(0, ASK_STATUS), *joined = world_ask(0, ASK_STATUS);

    (void)state;
    assert_int_equal(world.n_runs, 0);
    world_store(true);
    assert_waits(t);
    world_complete();
    assert_no_content(t);
    assert_no_content(joined);
    assert_int_equal(world_row(0), RD_ROW_EARLY);
    assert_no_content(world_ask(0, ASK_STATUS));
    world_answer(world_run(RUN_QUEUED), 0);
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_int_equal(world.n_runs, 1);
    assert_no_content(world_ask(0, ASK_STATUS));
    assert_at_rest(0);
}

static void
test_without_a_handler_it_is_done_at_once(void **state)
{
    struct world_ticket *t;

    (void)state;
    world.generation.has_status = false;
    t = world_ask(0, ASK_STATUS);
    world_settle();
    assert_no_content(t);
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_int_equal(world.n_runs, 0);
    assert_at_rest(0);
}

static void
test_what_its_handler_says_is_late(void **state)
{
    (void)state;
    world_ask(0, ASK_STATUS);
    world_settle();
    world_answer(world_run(RUN_QUEUED), A);
    world_settle();
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), 1);
    assert_at_rest(0);
}

static void
test_503_when_it_cannot_be_recorded(void **state)
{
    struct world_ticket *t = world_ask(0, ASK_STATUS);

    (void)state;
    world_soft(t);
    world_store_fails();
    assert_status(t, 503);
    assert_null(world_claim(0));
    assert_int_equal(world.n_runs, 0);
    t = world_ask(0, ASK_STATUS);
    world_settle();
    assert_no_content(t);
    world_answer(world_run(RUN_QUEUED), 0);
}

static void
test_hard_acknowledges_a_status_and_it_runs_when_written(void **state)
{
    struct world_ticket *t = world_ask(0, ASK_STATUS);

    (void)state;
    world_soft(t);
    world_hard(t);
    assert_no_content(t);
    assert_int_equal(world_count(RD_METRIC_answered_unrecorded_total), 1);
    assert_int_equal(world.n_runs, 0);
    world_store_fails();
    assert_int_equal(world.n_runs, 0);
    world_settle();
    world_answer(world_run(RUN_QUEUED), 0);
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_at_rest(0);
}

static void
test_an_acknowledged_status_runs_though_its_row_was_given_up(void **state)
{
    struct world_ticket *t = world_ask(0, ASK_STATUS);

    (void)state;
    world_hard(t);
    world_store_fails();
    world_answer(world_run(RUN_QUEUED), 0);
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_at_rest(0);
}

/* A late reply of it commits after its end: that is no reason to run it again. */
static void
test_a_status_runs_once(void **state)
{
    struct world_run *r;

    (void)state;
    world_ask(0, ASK_STATUS);
    world_settle();
    r = world_run(RUN_QUEUED);
    assert_true(world_begin(r));
    assert_int_equal(world_publish(r, A), RD_PUBLISHED_COMMIT);
    assert_true(world_end(r, 0));    /* msg:reply was cancelled under way, by replyd.race */
    world_settle();
    assert_int_equal(world.n_runs, 1);
    assert_at_rest(0);
}

/* ---- overload ----------------------------------------------------------------------------- */

static void
test_503_when_too_much_is_in_flight(void **state)
{
    struct world_ticket *t;

    (void)state;
    world.config.max_in_flight = 1;
    world_ask(0, 0);
    t = world_ask(1, 0);
    assert_status(t, 503);
    assert_int_equal(t->outcome, RD_OUTCOME_overload);
    assert_null(world_claim(1));
    assert_int_equal(world_n_posted(), 0);
    world_answer(world_run(RUN_QUEUED), A);
    t = world_ask(1, 0);
    world_answer(world_run(RUN_QUEUED), A);
    world_settle();
    assert_answer(t, A);
}

static void
test_503_when_the_mailbox_is_full(void **state)
{
    struct world_ticket *t;

    (void)state;
    world.config.max_mailbox = 0;
    t = world_ask(0, 0);
    assert_status(t, 503);
    assert_int_equal(world.g.in_flight, 0);
    assert_null(world_claim(0));
}

/* It was acknowledged: it waits for room, however long. */
static void
test_a_status_waits_for_room(void **state)
{
    struct world_ticket *t;

    (void)state;
    world.config.max_in_flight = 0;
    t = world_ask(0, ASK_STATUS);
    world_store(true);
    world_complete();
    assert_no_content(t);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(world.n_retries, 1);
        world_tick();
        assert_int_equal(world.n_runs, 0);
    }
    world.config.max_in_flight = 1;
    world_tick();
    world_answer(world_run(RUN_QUEUED), 0);
    world_settle();
    assert_int_equal(world_row(0), RD_ROW_DONE);
    assert_at_rest(0);
}

static void
test_a_status_given_up_waits_for_room_too(void **state)
{
    struct world_ticket *t;

    (void)state;
    world.config.max_in_flight = 0;
    t = world_ask(0, ASK_STATUS);
    world_hard(t);
    world_store_fails();
    assert_int_equal(world.n_retries, 1);
    assert_no_content(world_ask(0, ASK_STATUS));
    world.config.max_in_flight = 1;
    world_tick();
    world_answer(world_run(RUN_QUEUED), 0);
    world_settle();
    assert_at_rest(0);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
#define NO_REPEAT(test) cmocka_unit_test_setup_teardown(test, setup_no_repeat, world_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_204_once_it_is_recorded_then_the_handler),
        IN(test_without_a_handler_it_is_done_at_once),
        IN(test_what_its_handler_says_is_late),
        IN(test_503_when_it_cannot_be_recorded),
        IN(test_hard_acknowledges_a_status_and_it_runs_when_written),
        NO_REPEAT(test_an_acknowledged_status_runs_though_its_row_was_given_up),
        IN(test_a_status_runs_once),
        IN(test_503_when_too_much_is_in_flight),
        IN(test_503_when_the_mailbox_is_full),
        IN(test_a_status_waits_for_room),
        NO_REPEAT(test_a_status_given_up_waits_for_room_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
