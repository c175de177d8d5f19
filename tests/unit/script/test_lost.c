/* A thread that is stuck in C is declared lost, and a successor serves the same scripts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/metric.h"
#include "script/driver.h"

#ifdef RD_TSAN
#define SHORT "15"     /* the watchdog has more patience there */
#else
#define SHORT "10"
#endif

static const char script[] =
    "return function(msg)\n"
    "  if msg.body == 'block' then replyd.debug.block(60) return 'back' end\n"
    "  if msg.body == 'spin' then replyd.debug.spin(20) return 'back' end\n"
    "  if msg.body == 'short' then replyd.debug.spin(" SHORT ") return 'back' end\n"
    "  if msg.body == 'sort' then table.sort({2, 1}, function() local t = replyd.now()\n"
    "    while replyd.now() - t < 0.05 do end replyd.debug.block(60) end) end\n"
    "  if msg.body == 'sleep' then replyd.sleep(3600) end\n"
    "  if msg.body == 'busy' then local t = {} for i = 1, 1e6 do t[i] = i end\n"
    "    table.sort(t, function(a, b) return a > b end) return 'sorted' end\n"
    "  return msg.body end";

/* One message is stuck, one sleeps, one waits behind: all three went with the thread. */
static void
lose(const char *how)
{
    unsigned leaked = rd_generations_leaked();
    struct driver_run *stuck, *sleeper, *behind;
    struct rd_buf why;

    driver_open(script);
    sleeper = driver_start("sleep");
    assert_string_equal(driver_ask("a"), "a");
    stuck = driver_start(how);
    behind = driver_start("late");
    driver_wait_lost();
    assert_ptr_equal(rd_worker_running_order(driver_worker), stuck);
    assert_int_equal(rd_generations_leaked(), leaked + 1);
    rd_buf_init(&why, 1000);
    assert_int_equal(rd_generation_rebuild(driver_generation, 0, &why), 0);
    rd_buf_free(&why);
    driver_replace_worker();
    assert_string_equal(driver_ask("b"), "b");
    if (!behind->started)
        rd_generation_unref(behind->generation);    /* its mail was never delivered */
    driver_close();
    assert_false(stuck->ended || sleeper->ended || behind->ended);
}

static void
a_thread_blocked_in_a_system_call_is_lost(void **state)
{
    uint64_t start = rd_clock_ns();

    (void)state;
    lose("block");
    assert_true(rd_clock_ns() - start < 10 * RD_SECOND);
}

static void
a_thread_busy_in_c_is_lost(void **state)
{
    (void)state;
    lose("spin");
}

/* The hook has had its say where it could not yield: that the thread lived then proves nothing. */
static void
a_thread_blocked_after_its_hook_is_lost(void **state)
{
    (void)state;
    lose("sort");
}

/* It comes back before its successor has begun: it must not end any run. */
static void
a_lost_thread_that_comes_back_parks(void **state)
{
    uint64_t back = (uint64_t)(strtod(SHORT, NULL) * 1e9) + RD_SECOND / 2, start;

    struct driver_run *stuck;
    struct rd_buf why;

    (void)state;
    driver_open(script);
    start = rd_clock_ns();
    stuck = driver_start("short");
    driver_wait_lost();
    rd_buf_init(&why, 1000);
    assert_int_equal(rd_generation_rebuild(driver_generation, 0, &why), 0);
    driver_replace_worker();
    while (rd_clock_ns() - start < back)
        assert_string_equal(driver_ask("b"), "b");
    assert_false(stuck->ended);
    driver_close();
}

/* The hook fires inside the callbacks, so this ends when the others have waited long enough. */
static void
a_long_sort_is_not_lost(void **state)
{
    int64_t lost = rd_metric_get(RD_METRIC_script_threads_lost_total, 0);

    (void)state;
    driver_limits.cpu_limit_ns = 100 * RD_SECOND;
    driver_open(script);
    driver_ask("busy");
    assert_int_equal(driver_last.outcome, RD_OUTCOME_cpu);
    assert_string_equal(driver_ask("b"), "b");
    driver_close();
    assert_int_equal(rd_metric_get(RD_METRIC_script_threads_lost_total, 0), lost);
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_blocked_in_a_system_call_is_lost),
        cmocka_unit_test(a_thread_busy_in_c_is_lost),
        cmocka_unit_test(a_thread_blocked_after_its_hook_is_lost),
        cmocka_unit_test(a_lost_thread_that_comes_back_parks),
        cmocka_unit_test(a_long_sort_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
