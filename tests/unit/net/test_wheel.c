/*
 * test_wheel.c - coarse timers: never early, all of them, moved both ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/wheel.h"

#define TIMERS 1000

struct timed {
    struct rd_timer timer;
    uint64_t fired;
};

static uv_loop_t loop;
static struct rd_wheel wheel;
static struct timed timed[TIMERS];
static unsigned fired;

static void
on_fire(struct rd_timer *t)
{
    struct timed *x = (struct timed *)(void *)t;

    assert_int_equal(x->fired, 0);
    assert_true(uv_now(&loop) >= t->deadline);
    x->fired = uv_now(&loop);
    fired++;
}

static int
setup(void **state)
{
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    rd_wheel_init(&wheel, &loop, on_fire);
    fired = 0;
    for (size_t i = 0; i < TIMERS; i++) {
        rd_timer_init(&timed[i].timer);
        timed[i].fired = 0;
    }
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    rd_wheel_close(&wheel, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

static void
all_fire_in_time_and_the_loop_then_sleeps(void **state)
{
    uint64_t now = uv_now(&loop);

    (void)state;
    for (unsigned i = 0; i < TIMERS; i++)
        rd_wheel_set(&wheel, &timed[i].timer, now + (i * 7919) % 300);
    uv_run(&loop, UV_RUN_DEFAULT);    /* ends because no uv timer is left */
    assert_int_equal(fired, TIMERS);
}

static void
a_deadline_moves_both_ways(void **state)
{
    uint64_t now = uv_now(&loop);

    (void)state;
    rd_wheel_set(&wheel, &timed[0].timer, now + 1000000);
    rd_wheel_set(&wheel, &timed[0].timer, now + 60);
    rd_wheel_set(&wheel, &timed[1].timer, now + 60);
    rd_wheel_set(&wheel, &timed[1].timer, now + 260);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(fired, 2);
    assert_true(timed[0].fired <= timed[1].fired);
    assert_true(timed[1].fired - now >= 260);
}

static void
never_and_removed_ones_do_not_fire(void **state)
{
    uint64_t now = uv_now(&loop);

    (void)state;
    rd_wheel_set(&wheel, &timed[0].timer, now + 60);
    rd_wheel_set(&wheel, &timed[0].timer, RD_WHEEL_NEVER);
    rd_wheel_set(&wheel, &timed[1].timer, now + 60);
    rd_wheel_remove(&timed[1].timer);
    rd_wheel_set(&wheel, &timed[2].timer, RD_WHEEL_NEVER);
    rd_wheel_set(&wheel, &timed[3].timer, now + 120);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(fired, 1);
    assert_true(timed[3].fired != 0);
}

static void
one_later_than_a_round_is_kept(void **state)
{
    uint64_t now = uv_now(&loop);

    (void)state;
    rd_wheel_set(&wheel, &timed[0].timer, now + 3 * RD_WHEEL_TICK * RD_WHEEL_SLOTS);
    assert_true(timed[0].timer.slot - wheel.tick < RD_WHEEL_SLOTS);
    rd_wheel_set(&wheel, &timed[1].timer, now + 60);
    while (fired == 0)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(timed[0].fired, 0);
    rd_wheel_remove(&timed[0].timer);
}

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOOP(all_fire_in_time_and_the_loop_then_sleeps),
        WITH_LOOP(a_deadline_moves_both_ways),
        WITH_LOOP(never_and_removed_ones_do_not_fire),
        WITH_LOOP(one_later_than_a_round_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
