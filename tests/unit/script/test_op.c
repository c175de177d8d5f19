/* Each operation that was started ends in exactly one of done and cancel, and is released. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "script/driver.h"

static const char script[] =
    "return function(msg)\n"
    "  local d = replyd.debug\n"
    "  if msg.body == 'counters' then local c = d.counters()\n"
    "    return c.started .. ' ' .. c.done .. ' ' .. c.cancelled .. ' ' .. c.released end\n"
    "  if msg.body == 'delay' then return tostring(d.delay(0.001)) end\n"
    "  if msg.body == 'event' then return tostring(d.wait_event('e')) end\n"
    "  if msg.body == 'nested' then return coroutine.wrap(function()\n"
    "    return pcall(d.wait_event, 'e') end)() and 'nested' end\n"
    "  if msg.body == 'signal' then return d.signal('e') end\n"
    "  if msg.body == 'sort' then pcall(table.sort, {2, 1}, function() d.delay(1) end)\n"
    "    return 'sorted' end\n"
    "end";

static void
assert_counters(const char *expected)
{
    driver_ask("counters");
    assert_string_equal(driver_last.text, expected);
}

static void
done_cancelled_and_refused_operations_are_released(void **state)
{
    struct driver_run *a, *b;

    (void)state;
    driver_open(script);
    assert_counters("0 0 0 0");
    assert_string_equal(driver_ask("delay"), "true");
    assert_counters("1 1 0 1");
    a = driver_start("event");
    b = driver_start("nested");
    assert_string_equal(driver_ask("signal"), "2");
    assert_string_equal(driver_wait(a)->text, "true");
    assert_string_equal(driver_wait(b)->text, "nested");
    assert_counters("3 3 0 3");
    free(a);
    free(b);
    a = driver_start("event");
    b = driver_start("nested");
    assert_counters("5 3 0 3");
    driver_cancel(a);
    driver_cancel(b);
    assert_int_equal(driver_wait(a)->outcome, RD_OUTCOME_cancelled);
    assert_int_equal(driver_wait(b)->outcome, RD_OUTCOME_cancelled);
    assert_counters("5 3 2 5");
    assert_string_equal(driver_ask("signal"), "0");
    assert_string_equal(driver_ask("sort"), "sorted");
    assert_counters("5 3 2 5");
    free(a);
    free(b);
    driver_close();
}

/* Cancelled between done and the slice that would have pushed the result. */
static void
an_operation_that_was_done_is_not_cancelled(void **state)
{
    struct driver_run *a;

    (void)state;
    driver_open(script);
    for (int i = 0; i < 200; i++) {
        a = driver_start("delay");
        driver_cancel(a);
        driver_wait(a);
        assert_true(a->outcome == RD_OUTCOME_cancelled || a->outcome == RD_OUTCOME_ok);
        free(a);
    }
    driver_close();
}

static void
a_reload_under_a_waiting_operation_lets_it_end(void **state)
{
    struct driver_run *a;

    (void)state;
    driver_open(script);
    a = driver_start("event");
    assert_non_null(driver_load(script));
    assert_string_equal(driver_ask("signal"), "1");
    assert_string_equal(driver_wait(a)->text, "true");
    free(a);
    driver_close();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(done_cancelled_and_refused_operations_are_released),
        cmocka_unit_test(an_operation_that_was_done_is_not_cancelled),
        cmocka_unit_test(a_reload_under_a_waiting_operation_lets_it_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
