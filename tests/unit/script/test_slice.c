/* The slice signal ends the slice that it was meant for, and no other. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/metric.h"
#include "script/driver.h"
#include "script/slice.h"
#include "script/worker.h"

#ifdef RD_TSAN
#define MESSAGES 200
#else
#define MESSAGES 3000
#endif

#define SIGNALS 1600

static atomic_bool shower_ends;
static atomic_long shower_drops;

/* Signals all the time, none of them sent for a slice that is over: all are late. */
static void *
shower(void *arg)
{
    const pthread_t *target = arg;

    while (!atomic_load(&shower_ends)) {
        pthread_kill(*target, rd_slice_signal());
        atomic_fetch_add(&shower_drops, 1);
    }
    return NULL;
}

static void
a_late_signal_hits_no_message(void **state)
{
    pthread_t thread;

    (void)state;
    driver_limits.slice_ns = 3600 * RD_SECOND;    /* the watchdog itself sends none */
    driver_open("return function(msg) local n = 0 for i = 1, 1000 do n = n + i end return n end");
    assert_int_equal(pthread_create(&thread, NULL, shower, &driver_worker->loop.thread), 0);
    for (int i = 0; i < MESSAGES; i++)
        assert_string_equal(driver_ask(""), "500500");
    atomic_store(&shower_ends, true);
    pthread_join(thread, NULL);
    print_message("  %ld signals\n", atomic_load(&shower_drops));
    assert_int_equal(rd_metric_get(RD_METRIC_preemptions_total, 0), 0);
    assert_int_equal(atomic_load(&driver_worker->clock.handled), 0);
    driver_close();
    driver_limits.slice_ns = 2 * RD_MS;
}

#ifndef RD_TSAN    /* there the hook looks by itself and is always on */

static uint64_t late_number;

/* What the watchdog does to a slice that is over; the hook waits for the next instruction. */
static int
late_leave_armed(lua_State *L)
{
    struct rd_slice_clock *c = &driver_worker->clock;

    (void)L;
    late_number = atomic_load(&c->number);
    atomic_store(&c->due, late_number);
    raise(rd_slice_signal());
    return 0;
}

/* The signal for the slice of a message that has ended arrives in the next one's. */
static int
late_arrive(lua_State *L)
{
    struct rd_slice_clock *c = &driver_worker->clock;

    assert_true(atomic_load(&c->number) > late_number);
    assert_int_equal(atomic_load(&c->due), late_number);
    raise(rd_slice_signal());
    lua_pushboolean(L, lua_gethook(L) != NULL);
    return 1;
}

/* ... or between two slices. */
static void
late_arrive_outside(void *arg)
{
    (void)arg;
    assert_int_equal(atomic_load(&driver_worker->clock.due), late_number);
    raise(rd_slice_signal());
}

static void
late_add(lua_State *L)
{
    lua_pushcfunction(L, late_leave_armed);
    lua_setfield(L, -2, "leave_armed");
    lua_pushcfunction(L, late_arrive);
    lua_setfield(L, -2, "arrive");
}

/* Armed at the end of one message; the next one in the same coroutine is none the worse. */
static void
what_was_meant_for_one_message_hits_no_later_one(void **state)
{
    const struct rd_slice_clock *c;

    (void)state;
    driver_vm_open = late_add;
    driver_limits.slice_ns = 3600 * RD_SECOND;    /* the watchdog itself sends none */
    driver_limits.cpu_limit_ns = RD_MS;           /* whoever is hit has no time left */
    driver_open("return function(msg)\n"
                "  if msg.body == 'arm' then return replyd.leave_armed() end\n"
                "  local n, hooked = 0, msg.body == 'late' and replyd.arrive()\n"
                "  local until_s = replyd.now() + 0.003\n"
                "  repeat n = n + 1 until replyd.now() > until_s\n"
                "  return hooked and 'hooked' or 'done'\n"
                "end");
    c = &driver_worker->clock;
    driver_ask("arm");
    assert_int_equal(driver_last.outcome, RD_OUTCOME_empty);
    assert_int_equal(atomic_load(&c->handled), 1);
    assert_int_equal(atomic_load(&c->fired), 0);    /* it ended first */
    assert_string_equal(driver_ask("next"), "done");
    driver_call(late_arrive_outside, NULL);
    assert_string_equal(driver_ask("late"), "done");
    assert_string_equal(driver_ask("last"), "done");
    assert_int_equal(atomic_load(&c->handled), 1);
    assert_int_equal(atomic_load(&c->fired), 0);
    assert_int_equal(rd_metric_get(RD_METRIC_preemptions_total, 0), 0);
    driver_close();
    driver_vm_open = NULL;
    driver_limits.cpu_limit_ns = 500 * RD_MS;
    driver_limits.slice_ns = 2 * RD_MS;
}

#endif

/* Where nobody else can run, the bound is in what the others wait, not in the CPU budget. */
static void
what_cannot_make_way_ends_before_the_cpu_budget(void **state)
{
    static const char *const codes[] = {
        "table.sort({3, 2, 1}, spin)",
        "(('x'):rep(10)):gsub('.', spin)",
        "(('x'):rep(1600)):find(('x-'):rep(100) .. 'y')",
        "return setmetatable({}, {__index = rawlen}) .. ''",
        "table.concat(setmetatable({}, {__index = rawlen}), '', 1, 1 << 53)",
        "table.insert(setmetatable({}, {__len = function() return 1 << 53 end}), 1, 1)",
        "table.remove(setmetatable({}, {__len = function() return 1 << 53 end}), 1)",
        "local t = {} for i = 1, 16 do t[i] = ('x'):rep(1e6) end "
            "for i = 17, 100000 do t[i] = t[i % 16 + 1] end table.sort(t)",
        "load('return a' .. (' or a'):rep(60000))",
        "load('if a then' .. (' elseif a then'):rep(60000) .. ' end')",
        "table.move({}, 1, 1 << 53, 2)",
        "for i = 1, 99 do load((' a = 1'):rep(1e6)) end",
        "error(setmetatable({}, {__tostring = spin}))",
        "local k, w = {}, setmetatable({}, {__mode = 'k'}) for i = 1, 50000 do k[i] = {} end "
            "for i = 50000, 2, -1 do local j = i * 7919 % i + 1 k[i], k[j] = k[j], k[i] end "
            "for i = 1, 49999 do w[k[i]] = k[i + 1] end local head = k[1] k = nil "
            "local s for i = 1, 20000 do s = ('x'):rep(10000) .. i end spin()",
        "(''):rep(1 << 60) spin()",
    };
    char script[2048];

    (void)state;
    driver_limits.cpu_limit_ns = 3600 * RD_SECOND;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct driver_run *r;

        if (strstr(codes[i], "spin()") != NULL)
            driver_limits.cpu_limit_ns = 2 * RD_SECOND;
        snprintf(script, sizeof script, "local function spin() while true do end end\n"
                                        "return function() %s end", codes[i]);
        driver_open(script);
        r = driver_wait(driver_start(""));
        print_message("  %5d ms %s: %s\n", (int)(r->cpu_ns / RD_MS), rd_outcome_name(r->outcome),
                      codes[i]);
        assert_true(r->outcome == RD_OUTCOME_cpu || r->outcome == RD_OUTCOME_error ||
                    r->outcome == RD_OUTCOME_memory);
#if !defined RD_TSAN && !defined __SANITIZE_ADDRESS__
        assert_true(r->cpu_ns < 3 * RD_SECOND);
#endif
        free(r);
        driver_close();
    }
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

#ifndef RD_TSAN    /* no signals are sent there */

/* The CPU time of SIGNALS signals for a slice that is over. */
static int
probe_signals(lua_State *L)
{
    struct rd_slice_clock *c = &driver_worker->clock;
    uint64_t start = rd_clock_cpu_ns();

    atomic_store(&c->due, atomic_load(&c->number));
    for (int i = 0; i < SIGNALS; i++)
        raise(rd_slice_signal());
    lua_pushinteger(L, (lua_Integer)(rd_clock_cpu_ns() - start));
    return 1;
}

static void
add_probe(lua_State *L)
{
    lua_pushcfunction(L, probe_signals);
    lua_setfield(L, -2, "signals");
}

/* Or those that come faster than one is handled would leave a deep recursion no time to end. */
static void
a_signal_costs_no_more_in_a_deep_recursion(void **state)
{
    long shallow, deep;

    (void)state;
    driver_vm_open = add_probe;
    driver_limits.slice_ns = 3600 * RD_SECOND;
    driver_limits.vm_memory = driver_limits.handler_memory = (size_t)256 << 20;
    driver_limits.cpu_limit_ns = 3600 * RD_SECOND;
    driver_open("return function(msg)\n"
                "  local cost\n"
                "  local function f(n)\n"
                "    if n == 0 then cost = replyd.signals() return 0 end\n"
                "    return 1 + f(n - 1)\n"
                "  end\n"
                "  f(tonumber(msg.body))\n"
                "  return tostring(cost)\n"
                "end");
    shallow = strtol(driver_ask("1"), NULL, 10);
    deep = strtol(driver_ask("150000"), NULL, 10);
    print_message("  %ld ns each, %ld ns in a deep recursion\n", shallow / SIGNALS, deep / SIGNALS);
    assert_true(shallow > 0 && deep > 0 && deep < 20 * shallow);
    driver_close();
    driver_vm_open = NULL;
    driver_limits.vm_memory = (size_t)64 << 20;
    driver_limits.handler_memory = (size_t)32 << 20;
    driver_limits.cpu_limit_ns = 500 * RD_MS;
    driver_limits.slice_ns = 2 * RD_MS;
}

#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_signal_hits_no_message),
#ifndef RD_TSAN
        cmocka_unit_test(what_was_meant_for_one_message_hits_no_later_one),
        cmocka_unit_test(a_signal_costs_no_more_in_a_deep_recursion),
#endif
        cmocka_unit_test(what_cannot_make_way_ends_before_the_cpu_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
