/* A VM that stays nearly full gets a successor; its handlers end where they began. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/metric.h"
#include "script/driver.h"
#include "script/generation.h"

/* "leak" keeps 200 kB in a file-level table for ever; "wait" waits for an event. */
static const char leaky[] =
    "local cache = {}\n"
    "return function(msg)\n"
    "  if msg.body == 'wait' then local mine = 'mine' .. #cache\n"
    "    replyd.debug.wait_event('go') return mine end\n"
    "  if msg.body == 'go' then return tostring(replyd.debug.signal('go')) end\n"
    "  if msg.body == 'leak' then cache[#cache + 1] = ('x'):rep(200000) .. #cache end\n"
    "  return #cache\n"
    "end\n";

static int
small_vm(void **state)
{
    (void)state;
    driver_limits.vm_memory = (size_t)8 << 20;
    driver_limits.handler_memory = (size_t)4 << 20;
    return 0;
}

static int64_t
rebuilds(void)
{
    return rd_metric_get(RD_METRIC_vm_rebuilds_total, 0);
}

static void
a_leaking_script_serves_every_message(void **state)
{
    int64_t before = rebuilds();

    (void)state;
    driver_open(leaky);
    for (int i = 0; i < 200; i++) {
        driver_ask("leak");
        assert_int_equal(driver_last.outcome, RD_OUTCOME_ok);
        assert_true(atoi(driver_last.text) < 40);    /* 40 of them are 8 MB */
    }
    assert_true(rebuilds() - before >= 4);
    driver_close();
}

static void
what_waits_in_the_old_vm_ends_there(void **state)
{
    struct driver_run *waiting[20], *unborn;
    int64_t before = rebuilds();

    (void)state;
    driver_open(leaky);
    driver_ask("leak");
    for (int i = 0; i < 20; i++)
        waiting[i] = driver_start("wait");
    while (rebuilds() == before)
        assert_int_equal((driver_ask("leak"), driver_last.outcome), RD_OUTCOME_ok);
    unborn = driver_wait(driver_start("x"));
    assert_true(atoi(unborn->text) < 20);    /* begun in the new VM */
    assert_string_equal(driver_ask("go"), "20");
    for (int i = 0; i < 20; i++) {
        driver_wait(waiting[i]);
        assert_string_equal(waiting[i]->text, "mine1");
        free(waiting[i]);
    }
    free(unborn);
    driver_close();
}

/* While the old VM has runs there is no third one; a full one still answers what fits. */
static void
there_is_one_retired_vm_at_most(void **state)
{
    int64_t before = rebuilds();
    struct driver_run *waiting;
    unsigned failed = 0;

    (void)state;
    driver_open(leaky);
    waiting = driver_start("wait");
    for (int i = 0; i < 200; i++) {
        driver_ask("leak");
        failed += driver_last.outcome != RD_OUTCOME_ok;
    }
    assert_int_equal(rebuilds() - before, 1);
    assert_true(failed > 0);
    assert_string_equal(driver_ask("go"), "1");
    free(driver_wait(waiting));
    driver_ask("leak");
    while (rebuilds() - before < 2)
        driver_ask("leak");
    assert_int_equal((driver_ask("leak"), driver_last.outcome), RD_OUTCOME_ok);
    driver_close();
}

static void
a_script_that_fills_its_vm_by_loading_is_not_rebuilt_for_ever(void **state)
{
    int64_t before = rebuilds();

    (void)state;
    driver_open("local t = {} for i = 1, 35 do t[i] = ('x'):rep(200000) .. i end\n"
                "return function(msg) return msg.body .. #t end");
    for (int i = 0; i < 50; i++)
        assert_string_equal(driver_ask("x"), "x35");
    assert_true(rebuilds() - before <= 1);
    driver_close();
}

/* ---- loads that take long ------------------------------------------------- */

/* A load on another thread than the test's own waits until it is let on, 10 s at most. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    pthread_t test;
    bool on;
} let = { .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER };

static void
load_waits(lua_State *L)
{
    struct timespec until;

    (void)L;
    if (pthread_equal(pthread_self(), let.test))
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;    /* the test fails then, instead of hanging */
    pthread_mutex_lock(&let.lock);
    while (!let.on && pthread_cond_timedwait(&let.cond, &let.lock, &until) == 0)
        ;
    pthread_mutex_unlock(&let.lock);
}

static void
let_on(bool on)
{
    pthread_mutex_lock(&let.lock);
    let.on = on;
    pthread_cond_broadcast(&let.cond);
    pthread_mutex_unlock(&let.lock);
}

/* On another thread than the test's own it fails, while nobody lets it on. */
static void
load_fails(lua_State *L)
{
    bool on;

    pthread_mutex_lock(&let.lock);
    on = let.on || pthread_equal(pthread_self(), let.test);
    pthread_mutex_unlock(&let.lock);
    if (!on)
        luaL_error(L, "not now");
}

/* Then it takes 300 ms of CPU time. */
static void
load_takes_long(lua_State *L)
{
    uint64_t end = rd_clock_cpu_ns() + 300 * RD_MS;

    if (pthread_equal(pthread_self(), let.test))
        return;
    load_waits(L);
    while (rd_clock_cpu_ns() < end)
        ;
}

static void
open_with_a_load_that(void (*fn)(lua_State *L))
{
    let.test = pthread_self();
    let_on(false);
    driver_vm_open = fn;
    driver_open(leaky);
}

static void
on_look(void *arg)
{
    *(bool *)arg = atomic_load(&driver_generation->vms[0])->rebuilding;
}

static bool
is_being_rebuilt(void)
{
    bool is;

    driver_call(on_look, &is);
    return is;
}

static void
a_load_that_takes_long_holds_nobody_up(void **state)
{
    int64_t before = rebuilds();
    struct driver_run *waiting;
    int full;

    (void)state;
    open_with_a_load_that(load_waits);
    for (int round = 1; round <= 2; round++) {
        while (!is_being_rebuilt())
            driver_ask("leak");
        waiting = driver_start("wait");
        full = atoi(driver_ask("x"));
        assert_int_equal(rebuilds() - before, round - 1);
        assert_true(is_being_rebuilt());
        assert_true(full > 20);    /* begun in the old VM */
        let_on(true);
        while (is_being_rebuilt())
            driver_ask("x");
        let_on(false);
        assert_int_equal(rebuilds() - before, round);
        assert_string_equal(driver_ask("x"), "0");
        assert_string_equal(driver_ask("go"), "1");
        assert_int_equal(atoi(driver_wait(waiting)->text + strlen("mine")), full);
        free(waiting);
    }
    driver_close();
    driver_vm_open = NULL;
}

static void
on_look_at_failure(void *arg)
{
    *(bool *)arg = atomic_load(&driver_generation->vms[0])->rebuild_after_ns > 0;
}

static void
on_later(void *arg)
{
    (void)arg;
    atomic_load(&driver_generation->vms[0])->rebuild_after_ns = 1;
}

/* It is tried again, but not at once. */
static void
a_load_that_fails_need_not_fail_again(void **state)
{
    int64_t before = rebuilds();
    bool failed = false;

    (void)state;
    open_with_a_load_that(load_fails);
    while (!failed) {
        driver_ask("leak");
        driver_call(on_look_at_failure, &failed);
    }
    let_on(true);
    for (int i = 0; i < 50; i++)
        driver_ask("leak");
    assert_int_equal(rebuilds(), before);
    driver_call(on_later, NULL);
    while (rebuilds() == before)
        driver_ask("leak");
    assert_int_equal((driver_ask("leak"), driver_last.outcome), RD_OUTCOME_ok);
    driver_close();
    driver_vm_open = NULL;
}

static void
a_worker_that_is_stopped_ends_with_its_load(void **state)
{
    int64_t before = rebuilds();

    (void)state;
    open_with_a_load_that(load_takes_long);
    while (!is_being_rebuilt())
        driver_ask("leak");
    assert_int_equal(rebuilds(), before);
    let_on(true);
    driver_close();
    driver_vm_open = NULL;
    assert_int_equal(rebuilds() - before, 1);
}

static void
nothing(void *arg)
{
    (void)arg;
}

static void
cancelled_runs_end_while_a_vm_is_rebuilt(void **state)
{
    struct driver_run *runs[50];

    (void)state;
    driver_open(leaky);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 50; i++)
            runs[i] = driver_start("leak");
        for (int i = 0; i < 50; i += 2)
            driver_cancel(runs[i]);
        for (int i = 0; i < 50; i++)
            driver_wait(runs[i]);
        driver_call(nothing, NULL);    /* the cancellations have come */
        for (int i = 0; i < 50; i++)
            free(runs[i]);
    }
    driver_close();
}

/* The thread is lost: what recovery gives back are the runs of both VMs. */
static void
a_lost_thread_with_two_vms_gives_all_its_references_back(void **state)
{
    int64_t before = rebuilds();

    (void)state;
    driver_open("local cache = {}\n"
                "return function(msg)\n"
                "  if msg.body == 'wait' then replyd.sleep(3600) end\n"
                "  if msg.body == 'block' then replyd.debug.block(3600) end\n"
                "  cache[#cache + 1] = ('x'):rep(200000) .. #cache return #cache end\n");
    driver_start("wait");    /* these two are the lost thread's for ever */
    while (rebuilds() == before)
        driver_ask("leak");
    driver_start("block");
    driver_wait_lost();
    driver_replace_worker();
    {
        struct rd_buf why;

        rd_buf_init(&why, 4096);
        assert_int_equal(rd_generation_rebuild(driver_generation, 0, &why), 0);
        rd_buf_free(&why);
    }
    assert_string_equal(driver_ask("x"), "1");
    driver_close();    /* checks that no generation is alive */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaking_script_serves_every_message),
        cmocka_unit_test(what_waits_in_the_old_vm_ends_there),
        cmocka_unit_test(there_is_one_retired_vm_at_most),
        cmocka_unit_test(a_script_that_fills_its_vm_by_loading_is_not_rebuilt_for_ever),
        cmocka_unit_test(a_load_that_takes_long_holds_nobody_up),
        cmocka_unit_test(a_load_that_fails_need_not_fail_again),
        cmocka_unit_test(a_worker_that_is_stopped_ends_with_its_load),
        cmocka_unit_test(cancelled_runs_end_while_a_vm_is_rebuilt),
        cmocka_unit_test(a_lost_thread_with_two_vms_gives_all_its_references_back),
    };
    return cmocka_run_group_tests(tests, small_vm, driver_usual_limits);
}
