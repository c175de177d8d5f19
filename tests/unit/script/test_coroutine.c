/* A script's coroutines are its own; those of a handler that waits belong to the engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "script/driver.h"

/* "keep" leaves its coroutines in a file-level variable and waits; "use" tries what it can do. */
static const char keeper[] =
    "local kept = {}\n"
    "return function(msg)\n"
    "  if msg.body == 'begun' then return tostring(replyd.debug.counters().started) end\n"
    "  if msg.body == 'keep' then\n"
    "    kept.main = coroutine.running()\n"
    "    kept.own = coroutine.create(function() kept.inner = coroutine.running()\n"
    "      local ok = replyd.debug.wait_event('go') coroutine.yield('fine') end)\n"
    "    return select(2, coroutine.resume(kept.own))\n"
    "  end\n"
    "  local t = {}\n"
    "  for _, name in ipairs { 'main', 'own', 'inner' } do local co = kept[name]\n"
    "    local s, closed = coroutine.status(co), pcall(coroutine.close, co)\n"
    "    local _, why = coroutine.resume(co, 1)\n"
    "    t[#t + 1] = s .. ' ' .. tostring(closed) .. ' ' .. tostring(why) end\n"
    "  if msg.body == 'use' then replyd.debug.signal('go') end\n"
    "  return table.concat(t, '|')\n"
    "end\n";

/* Until it waits: its first slice may end before. */
static struct driver_run *
keep(void)
{
    int before = atoi(driver_ask("begun"));
    struct driver_run *r = driver_start("keep");

    while (atoi(driver_ask("begun")) == before)
        ;
    return r;
}

static void
nobody_resumes_or_closes_a_coroutine_that_waits(void **state)
{
    static const char refused[] = "normal false cannot resume non-suspended coroutine";
    char all[256];
    struct driver_run *r;

    (void)state;
    snprintf(all, sizeof all, "%s|%s|%s", refused, refused, refused);
    driver_open(keeper);
    r = keep();
    assert_string_equal(driver_ask("use"), all);
    driver_wait(r);
    assert_string_equal(r->text, "fine");
    free(r);
    driver_close();
}

static void
the_coroutine_of_an_ended_handler_is_of_no_use(void **state)
{
    struct driver_run *r;

    (void)state;
    driver_open(keeper);
    r = keep();
    driver_ask("use");
    driver_wait(r);
    free(r);
    /* the pool gives main to this very handler: it is running; own waits in its yield */
    assert_non_null(strstr(driver_ask("look"), "running false cannot resume non-suspended"));
    driver_close();
}

/* A budget that is used up stays so in every coroutine, without waiting for the next tick. */
static void
unwinding_through_many_coroutines_is_quick(void **state)
{
    struct driver_run *bad;
    uint64_t start;

    (void)state;
    driver_limits.cpu_limit_ns = 50 * RD_MS;
    driver_open("local function spin() while true do end end\n"
                "return { message = function(msg) if msg.body ~= 'bad' then return msg.body end\n"
                "  local n = 0\n"
                "  local function deep()\n"
                "    local x <close> = setmetatable({}, {__close = coroutine.wrap(spin)})\n"
                "    local y <close> = setmetatable({}, {__close = function() spin() end})\n"
                "    n = n + 1 if n < 5000 then deep() end while true do end end\n"
                "  deep() end, error = function() return 'sorry' end }");
    start = rd_clock_ns();
    bad = driver_wait(driver_start("bad"));
    assert_string_equal(bad->text, "sorry");
    assert_int_equal(bad->outcome, RD_OUTCOME_cpu);
    assert_true(bad->cpu_ns < 2 * RD_SECOND);    /* 5,000 ticks would be 5 s */
    print_message("  %d ms\n", (int)((rd_clock_ns() - start) / RD_MS));
    free(bad);
    driver_close();
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_resumes_or_closes_a_coroutine_that_waits),
        cmocka_unit_test(the_coroutine_of_an_ended_handler_is_of_no_use),
        cmocka_unit_test(unwinding_through_many_coroutines_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
