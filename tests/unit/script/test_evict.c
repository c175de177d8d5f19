/* Of a full VM the run that holds most ends, and not who asks next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "script/driver.h"
#include "script/generation.h"

/* "N how": holds N times 100 kB in its own way until somebody says "go". */
static const char script[] =
    "local over, cache = 0, {}\n"
    "local function hold(n) local t = {}\n"
    "  for i = 1, n do t[i] = ('x'):rep(100000) end return t end\n"
    "local function wait() replyd.debug.wait_event('go') end\n"
    "local how = { plain = function(n) local t = hold(n) wait() return #t end,\n"
    "  caught = function(n) local t\n"
    "    pcall(function() t = hold(n) wait() end) pcall(wait) return 'caught' end,\n"
    "  closing = function(n) local t = hold(n)\n"
    "    local c <close> = setmetatable({}, { __close = function()\n"
    "      replyd.debug.signal('closed') while true do end end }) wait() end,\n"
    "  all = function(n) return #replyd.all({ function() local t = hold(n) wait() return t end,\n"
    "    function() wait() end }) end,\n"
    "  deep = function(n) return replyd.timeout(3600, function() replyd.all({ function()\n"
    "    local t = hold(n) wait() return #t end }) end) end,\n"
    "  family = function(n) local list = {} for i = 1, n do list[i] = function()\n"
    "      local s = ('x'):rep(5400000 // n) .. i wait() return s end end\n"
    "    replyd.all(list) return 'family' end,\n"
    "  parent = function(n) for i = 1, n do replyd.spawn(function()\n"
    "      local s = ('x'):rep(500) .. i wait() end) end return 'parent' end,\n"
    "  busy = function(n) for i = 1, n do local g = ('g'):rep(100000) .. i replyd.sleep(0) end\n"
    "    return 'well' end,\n"
    "  spawned = function(n) replyd.spawn(function() local t = hold(n) wait() end) end,\n"
    "  inner = function(n) local co = coroutine.wrap(function() local t = hold(n) wait() end)\n"
    "    co() end,\n"
    "  kept = function(n)\n"
    "    for i = 1, n do cache[#cache + 1] = ('x'):rep(100000) end wait() return #cache end,\n"
    "  keep = function(n)\n"
    "    for i = 1, n do cache[#cache + 1] = ('x'):rep(100000) end return #cache end,\n"
    "  results = function(n) local done = 0\n"
    "    local function some() local t = hold(n) done = done + 1 return t end\n"
    "    replyd.all({ some, some, function()\n"
    "      while done < 2 do replyd.sleep(0.001) end wait() end })\n"
    "    return 'all' end,\n"
    "  left = function(n) return #hold(n) end,\n"
    "  text = function(n) return #('x'):rep(1000):rep(n * 100) end,\n"
    "  tried = function(n) pcall(string.rep, 'x', n * 100000) return 'survived' end,\n"
    "  sorted = function(n) local t = {}\n"
    "    table.sort({ 1, 2 }, function() for i = 1, n do t[i] = ('x'):rep(1000) end\n"
    "      return false end)\n"
    "    return #t end,\n"
    "}\n"
    "return { message = function(msg)\n"
    "    if msg.body == 'go' then return tostring(replyd.debug.signal('go')) end\n"
    "    if msg.body == 'count' then return tostring(replyd.debug.counters().started + over) end\n"
    "    if msg.body == 'over' then return tostring(over) end\n"
    "    local n, way = msg.body:match('^(%%d+) (%%a+)') return how[way](tonumber(n)) end,\n"
    "  %s }\n";

#ifdef RD_TSAN
#define FAMILY 300    /* coroutines */
#define FAMILIAL "300 family"
#define BUSY "60 busy"
#else
#define FAMILY 900
#define FAMILIAL "900 family"
#define BUSY "300 busy"
#endif

static int counted;    /* before the test */

/* All begin in the one VM. */
static void
on_no_successor(void *arg)
{
    (void)arg;
    atomic_load(&driver_generation->vms[0])->rebuild_vain = true;
}

/* Its error handler, NULL: one that counts. */
static void
open_with(const char *error_handler)
{
    char text[4096];

    snprintf(text, sizeof text, script,
             error_handler != NULL ? error_handler : "error = function() over = over + 1 end");
    driver_open(text);
    driver_call(on_no_successor, NULL);
    counted = atoi(driver_ask("count"));
}

/* Until n waits have begun or handlers failed. */
static void
reach(int n)
{
    while (atoi(driver_ask("count")) - counted < n)
        ;
}

static struct driver_run *
started(const char *body, int n)
{
    struct driver_run *r = driver_start(body);

    reach(n);
    return r;
}

static int
small_vm(void **state)
{
    (void)state;
    driver_limits.vm_memory = (size_t)16 << 20;
    driver_limits.handler_memory = (size_t)8 << 20;
    driver_limits.cpu_limit_ns = 20 * UINT64_C(1000000000);
    return 0;
}

static void
ends(struct driver_run *r, enum rd_outcome outcome, const char *text)
{
    driver_wait(r);
    if (r->outcome != outcome || strcmp(r->text, text) != 0)
        fail_msg("%s: %s '%s', not '%s'", r->body, rd_outcome_name(r->outcome), r->text, text);
    free(r);
}

/* Three that each may; the second came first and holds most, the last one asks when it is full. */
static void
who_holds_most_ends_and_not_who_asks_next(void **state)
{
    struct driver_run *most, *less, *last, *small[20];

    (void)state;
    open_with(NULL);
    less = started("50 plain", 1);
    most = started("60 plain", 2);
    for (int i = 0; i < 20; i++)
        small[i] = started("1 plain", 3 + i);
    last = started("55 plain", 24);
    ends(most, RD_OUTCOME_memory, "");
    driver_ask("go");
    ends(less, RD_OUTCOME_ok, "50");
    ends(last, RD_OUTCOME_ok, "55");
    for (int i = 0; i < 20; i++)
        ends(small[i], RD_OUTCOME_ok, "1");
    driver_close();
}

static void
exactly_as_many_end_as_must(void **state)
{
    struct driver_run *runs[8];
    int ended = 0;

    (void)state;
    open_with(NULL);
    for (int i = 0; i < 8; i++)    /* 48 MB; two times 6 and little more fit into 14.4 MiB */
        runs[i] = driver_start("60 plain");
    while (atoi(driver_ask("over")) < 6)
        ;
    for (int woken = 0; woken < 2;)
        woken += atoi(driver_ask("go"));
    for (int i = 0; i < 8; i++) {
        ended += driver_wait(runs[i])->outcome == RD_OUTCOME_memory;
        free(runs[i]);
    }
    assert_int_equal(ended, 6);
    driver_close();
}

/* However it holds it, and whatever it would do about its end. */
static void
whoever_holds_most_is_found_and_freed(void **state)
{
    static const char *const ways[] = { "60 plain", "60 caught", "60 closing", "60 all", "60 deep",
                                        "60 inner" };
    static const int waits[] = { 1, 1, 1, 2, 1, 1 };    /* in debug.wait_event */
    struct driver_run *most, *less, *last;

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        print_message("  %s\n", ways[i]);
        open_with(NULL);
        most = started(ways[i], waits[i]);
        less = started("50 plain", waits[i] + 1);
        last = started("55 all", waits[i] + 4);
        ends(most, RD_OUTCOME_memory, "");
        driver_ask("go");
        ends(less, RD_OUTCOME_ok, "50");
        driver_wait(last);
        assert_int_equal(last->outcome, RD_OUTCOME_ok);
        free(last);
        driver_close();
    }
}

static void
a_coroutine_that_goes_on_behind_its_handler_is_found_too(void **state)
{
    struct driver_run *gone, *less, *last;

    (void)state;
    open_with(NULL);
    gone = driver_wait(driver_start("60 spawned"));
    assert_true(gone->goes_on);
    reach(1);
    less = started("50 plain", 2);
    last = started("55 plain", 3);
    driver_wait_gone(gone);
    driver_ask("go");
    ends(less, RD_OUTCOME_ok, "50");
    ends(last, RD_OUTCOME_ok, "55");
    free(gone);
    driver_close();
}

static void
its_error_handler_is_told_what_it_held(void **state)
{
    struct driver_run *most, *less, *last;
    const char *what = ": not enough memory: vm_memory (16 MiB) is used up, and no handler held "
                       "more of it: 58";

    (void)state;
    open_with("error = function(e) return e end");
    most = started("60 plain", 1);
    less = started("50 plain", 2);
    last = started("55 plain", 3);
    driver_wait(most);
    assert_int_equal(most->outcome, RD_OUTCOME_memory);
    assert_int_equal(most->failed, RD_OUTCOME_memory);
    assert_true(most->by_error_handler);
    assert_int_equal(strncmp(most->text, "scripts/bot.lua:4", 17), 0);
    if (strstr(most->text, what) == NULL)
        fail_msg("%s", most->text);
    free(most);
    driver_ask("go");
    ends(less, RD_OUTCOME_ok, "50");
    ends(last, RD_OUTCOME_ok, "55");
    driver_close();
}

/* Inside a callback of sort, too, what is kept beyond the brim carries it. */
static void
a_small_one_that_cannot_make_way_is_not_to_blame(void **state)
{
    struct driver_run *most, *less, *last;

    (void)state;
    open_with(NULL);
    less = started("50 plain", 1);
    most = started("60 plain", 2);
    last = started("55 plain", 4);
    assert_string_equal(driver_ask("1000 sorted"), "1000");
    ends(most, RD_OUTCOME_memory, "");
    driver_ask("go");
    ends(less, RD_OUTCOME_ok, "50");
    ends(last, RD_OUTCOME_ok, "55");
    driver_close();
}

/* Many small ones that fill it are left alone: the last of them have no room. */
static void
small_ones_are_never_ended_for_others(void **state)
{
    struct driver_run *runs[90];
    unsigned failed = 0;

    (void)state;
    open_with(NULL);
    for (int i = 0; i < 90; i++)
        runs[i] = started("2 plain", i + 1);
    driver_ask("go");
    for (int i = 0; i < 90; i++) {
        driver_wait(runs[i]);
        failed += runs[i]->outcome != RD_OUTCOME_ok;
        if (i < 68)
            assert_int_equal(runs[i]->outcome, RD_OUTCOME_ok);
        free(runs[i]);
    }
    print_message("  %u of 90 had no room\n", failed);
    driver_close();
}

/* What a file keeps is not a run's: to end those beside it would free nothing. */
static void
nobody_ends_in_vain(void **state)
{
    struct driver_run *keeper, *beside[2], *last;

    (void)state;
    open_with(NULL);
    for (int i = 0; i < 2; i++)
        beside[i] = started("20 plain", 1 + i);
    keeper = started("75 kept", 3);
    last = started("47 kept", 5);
    ends(keeper, RD_OUTCOME_memory, "");
    driver_ask("go");
    for (int i = 0; i < 2; i++)
        ends(beside[i], RD_OUTCOME_ok, "20");
    free(driver_wait(last));    /* it may have been next */
    driver_close();
}

/* Handlers that have ended, but for coroutines that they spawned, hold nothing themselves. */
static void
what_goes_on_behind_handlers_is_weighed(void **state)
{
    struct driver_run *parents[200], *most, *less, *last;

    (void)state;
    open_with(NULL);
    for (int i = 0; i < 200; i++)    /* more coroutines than the pool keeps */
        parents[i] = driver_start("1 parent");
    for (int i = 0; i < 200; i++)
        assert_string_equal(driver_wait(parents[i])->text, "parent");
    reach(200);
    for (int i = 0; i < 3; i++)
        driver_ask("20 busy");
    less = started("50 plain", 201);
    most = started("60 plain", 202);
    last = started("55 plain", 204);
    ends(most, RD_OUTCOME_memory, "");
    driver_ask("go");
    ends(less, RD_OUTCOME_ok, "50");
    ends(last, RD_OUTCOME_ok, "55");
    for (int i = 0; i < 200; i++) {
        driver_wait_gone(parents[i]);
        free(parents[i]);
    }
    driver_close();
}

/* Hundreds of coroutines of one handler that is over do not keep others waiting for room. */
static void
families_end_before_anybody_else_goes_on(void **state)
{
    struct driver_run *family[3], *busy[10];
    unsigned failed = 0;

    (void)state;
    open_with(NULL);
    for (int i = 0; i < 2; i++) {
        family[i] = driver_start(FAMILIAL);
        reach(FAMILY * (i + 1));
    }
    for (int i = 0; i < 10; i++)
        busy[i] = driver_start(BUSY);
    family[2] = driver_start(FAMILIAL);
    for (int i = 0; i < 10; i++)
        ends(busy[i], RD_OUTCOME_ok, "well");
    while (atoi(driver_ask("over")) == 0)
        ;
    driver_ask("go");
    for (int i = 0; i < 3; i++) {
        driver_cancel(family[i]);
        failed += driver_wait(family[i])->outcome == RD_OUTCOME_memory;
        driver_wait_gone(family[i]);
        free(family[i]);
    }
    assert_int_equal(failed, 1);
    driver_close();
}

/* What a function of replyd.all has returned, before the last one has, is the handler's. */
static void
results_that_wait_are_the_handlers(void **state)
{
    struct driver_run *most, *less;

    (void)state;
    open_with(NULL);
    most = started("34 results", 1);
    less = started("60 plain", 2);
    driver_ask("20 keep");
    driver_ask("20 keep");
    ends(most, RD_OUTCOME_memory, "");
    driver_ask("go");
    ends(less, RD_OUTCOME_ok, "60");
    driver_close();
}

/* Tables of the file fill it: a handler that holds some of the rest is not why. */
static void
nobody_ends_for_tables_of_the_file(void **state)
{
    struct driver_run *beside[8];

    (void)state;
    open_with(NULL);
    for (int i = 0; i < 8; i++)
        beside[i] = started("5 plain", i + 1);
    for (int i = 0; i < 9; i++)
        driver_ask("15 keep");
    for (int i = 0; i < 10; i++)
        driver_ask("10 busy");
    driver_ask("go");
    for (int i = 0; i < 8; i++)
        ends(beside[i], RD_OUTCOME_ok, "5");
    driver_close();
}

static void
they_may_be_cancelled_meanwhile(void **state)
{
    struct driver_run *runs[30];

    (void)state;
    open_with("error = function(e) local t = {} for i = 1, 30 do t[i] = ('x'):rep(100000) end "
              "replyd.debug.wait_event('go') end");
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 30; i++)
            runs[i] = driver_start(i % 3 == 0 ? "50 all" : i % 3 == 1 ? "50 deep" : "50 plain");
        for (int i = 0; i < 30; i++)
            driver_cancel(runs[i]);
        for (int i = 0; i < 30; i++)
            driver_wait(runs[i]);
        driver_wait_queued();
        for (int i = 0; i < 30; i++)
            free(runs[i]);
    }
    driver_close();
}

static void
on_stop_collector(void *arg)
{
    (void)arg;
    lua_gc(atomic_load(&driver_generation->vms[0])->L, LUA_GCSTOP);
}

/* Nobody holds anything: what handlers left that have ended makes room for a text of megabytes. */
static void
garbage_makes_room_for_a_long_text(void **state)
{
    (void)state;
    open_with(NULL);
    driver_call(on_stop_collector, NULL);    /* by itself; it may be late */
    for (int i = 0; i < 10; i++) {
        driver_ask("60 left");
        driver_ask("55 left");
        driver_ask("55 text");    /* pages that it touches first may take it more than 100 ms */
        assert_int_not_equal(driver_last.outcome, RD_OUTCOME_memory);
    }
    driver_close();
}

/* What is held does not: the second refusal is final, under pcall, too, and nobody else ends. */
static void
a_long_text_without_room_ends_its_handler(void **state)
{
    struct driver_run *held[2];

    (void)state;
    open_with(NULL);
    held[0] = started("55 plain", 1);
    held[1] = started("50 plain", 2);
    driver_ask("65 tried");
    assert_int_equal(driver_last.outcome, RD_OUTCOME_memory);
    driver_ask("go");
    ends(held[0], RD_OUTCOME_ok, "55");
    ends(held[1], RD_OUTCOME_ok, "50");
    driver_close();
}

static void
on_collect(void *used)
{
    struct rd_vm *vm = atomic_load(&driver_generation->vms[0]);

    lua_gc(vm->L, LUA_GCCOLLECT);
    *(size_t *)used = vm->used;
}

/* Calls that were 10,000 deep once are nobody's memory for no longer than other garbage. */
static void
a_deep_recursion_leaves_nothing_behind(void **state)
{
    size_t before, after;

    (void)state;
    driver_open("local function down(n) return n == 0 and 0 or 1 + down(n - 1) end\n"
                "return function(msg) local n = tonumber(msg.body)\n"
                "  if n < 0 then error(down(-n)) end return tostring(down(n)) end\n");
    assert_string_equal(driver_ask("3"), "3");
    driver_call(on_collect, &before);
    assert_string_equal(driver_ask("10000"), "10000");
    driver_call(on_collect, &after);
    assert_true(after < before + 65536);
    driver_ask("-10000");
    assert_int_equal(driver_last.outcome, RD_OUTCOME_error);
    driver_call(on_collect, &after);
    assert_true(after < before + 65536);
    driver_close();
}

/* 150,000 calls take 9 MB, and more than 65,535 count as well as fewer. */
static void
calls_count_for_their_handler(void **state)
{
    (void)state;
#ifdef RD_TSAN
    skip();    /* the hook is always on there, and setting one goes through all calls */
#endif
    driver_open("return { message = function(msg) local n = tonumber(msg.body)\n"
                "    local function down() n = n - 1\n"
                "      if n > 0 then return 1 + down() end return 0 end\n"
                "    return tostring(1 + down()) end,\n"
                "  error = function(err) return err end }\n");
    assert_string_equal(driver_ask("20000"), "20000");
    driver_ask("150000");
    assert_non_null(strstr(driver_last.text, "handler_memory (8 MiB) is used up"));
    driver_close();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_holds_most_ends_and_not_who_asks_next),
        cmocka_unit_test(exactly_as_many_end_as_must),
        cmocka_unit_test(whoever_holds_most_is_found_and_freed),
        cmocka_unit_test(a_coroutine_that_goes_on_behind_its_handler_is_found_too),
        cmocka_unit_test(its_error_handler_is_told_what_it_held),
        cmocka_unit_test(a_small_one_that_cannot_make_way_is_not_to_blame),
        cmocka_unit_test(small_ones_are_never_ended_for_others),
        cmocka_unit_test(nobody_ends_in_vain),
        cmocka_unit_test(what_goes_on_behind_handlers_is_weighed),
        cmocka_unit_test(families_end_before_anybody_else_goes_on),
        cmocka_unit_test(results_that_wait_are_the_handlers),
        cmocka_unit_test(nobody_ends_for_tables_of_the_file),
        cmocka_unit_test(they_may_be_cancelled_meanwhile),
        cmocka_unit_test(garbage_makes_room_for_a_long_text),
        cmocka_unit_test(a_long_text_without_room_ends_its_handler),
        cmocka_unit_test(a_deep_recursion_leaves_nothing_behind),
        cmocka_unit_test(calls_count_for_their_handler),
    };
    return cmocka_run_group_tests(tests, small_vm, driver_usual_limits);
}
