/* A VM that stays nearly full gets a successor; its handlers end where they began. */
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
        cmocka_unit_test(cancelled_runs_end_while_a_vm_is_rebuilt),
        cmocka_unit_test(a_lost_thread_with_two_vms_gives_all_its_references_back),
    };
    return cmocka_run_group_tests(tests, small_vm, driver_usual_limits);
}
