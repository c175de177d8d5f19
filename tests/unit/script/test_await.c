/* replyd.spawn, all, race and timeout: coroutines beside the handler's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/metric.h"
#include "script/driver.h"

#define NAP "local function nap(s, ...) replyd.sleep(s) return ... end "
#define COUNTERS                                                                      \
    "local function ops() local c = replyd.debug.counters()\n"                        \
    "  return c.started - c.done - c.cancelled, c.started - c.released end "

/* Each body and what the handler that has it answers. */
static const struct {
    const char *name, *body, *answer;
} rows[] = {
    { "all gives the first result of each, in order",
      "return table.concat({replyd.all{ function() return nap(0.02, 'a', 'x') end,\n"
      "  function() return 'b' end, function() return nap(0.01, 'c') end }}, ' ')", "a b c" },
    { "all waits beside each other, not one after the other",
      "local t, l = replyd.now(), {} for i = 1, 50 do l[i] = function() nap(0.05) end end\n"
      "replyd.all(l) return replyd.now() - t < 1 and 'beside'", "beside" },
    { "all keeps nil in its place",
      "local a, b, c = replyd.all{ function() end, function() return 2 end, function() end }\n"
      "return tostring(a) .. b .. tostring(c) .. select('#', replyd.all{ print, print })",
      "nil2nil2" },
    { "all of functions with names says that they have none",
      "return select(2, pcall(replyd.all, { a = print, print }))",
      "bad argument #1 to 'replyd.all' (a list of functions expected, got one with the key 'a')" },
    { "all of two functions wants a list",
      "return select(2, pcall(replyd.all, print, print))",
      "bad argument #1 to 'replyd.all' (a list of functions expected, got function)" },
    { "all of nothing does not wait", "return 'n' .. select('#', replyd.all{})", "n0" },
    { "an error in one is raised, the others are cancelled",
      "local ok, err = pcall(replyd.all, { function() nap(0.01) error({ code = 7 }) end,\n"
      "  function() replyd.debug.wait_event('never') end })\n"
      "return tostring(ok) .. err.code .. ops()", "false70" },
    { "its place in the file comes with it",
      "local ok, err = pcall(replyd.all, { function() error('oh') end }) return err",
      "scripts/bot.lua:4: oh" },
    { "race gives all results of the first",
      "return table.concat({replyd.race{ function() return nap(5, 'slow') end,\n"
      "  function() return nap(0.01, 'quick', 'really') end }}, ' ')", "quick really" },
    { "race raises the error of the first",
      "local ok, err = pcall(replyd.race,\n"
      "  { function() nap(5) end, function() error('x', 0) end })\n"
      "return tostring(ok) .. err", "falsex" },
    { "coroutines in which who lost waits are closed, the innermost first",
      "local order, outer = {}, nil\n"
      "local function guard(n)\n"
      "  return setmetatable({}, { __close = function() order[#order + 1] = n end }) end\n"
      "replyd.race{ function() local a <close> = guard('a')\n"
      "    outer = coroutine.create(function() local b <close> = guard('b')\n"
      "      for _ in coroutine.wrap(function() local c <close> = guard('c')\n"
      "        nap(60) end) do end end)\n"
      "    print(pcall(coroutine.resume, outer)) end,\n"
      "  function() return 'w' end }\n"
      "while #order < 3 do nap(0.001) end\n"
      "return table.concat(order) .. coroutine.status(outer) .. ops()", "cbadead0" },
    { "who lost has released its operation and run its __close",
      "local closed = 'open'\n"
      "replyd.race{ function() nap(0.01) end, function()\n"
      "  local x <close> = setmetatable({}, { __close = function() closed = 'closed' end })\n"
      "  replyd.debug.wait_event('never') end }\n"
      "return closed .. ops()", "closed0" },
    { "race of nobody is an error",
      "return (select(2, pcall(replyd.race, {})):gsub('.*%((.-)%)', '%1'))",
      "nobody races: the list is empty" },
    { "timeout gives the results in time",
      "return table.concat({replyd.timeout(5, function() return nap(0.01, 'a', 'b') end)}, '')",
      "ab" },
    { "or nil and an error, and cancels",
      "local v, err = replyd.timeout('20ms', function() replyd.debug.wait_event('never') end)\n"
      "replyd.sleep(0)\n"
      "return tostring(v) .. ' ' .. err.kind .. ' ' .. tostring(err) .. ' ' .. ops()",
      "nil timeout not done within 0.02 s 0" },
    { "timeout of code that never waits",
      "local t = replyd.now()\n"
      "local v, err = replyd.timeout(0.02, function() while replyd.now() < t + 5 do end end)\n"
      "return err.kind", "timeout" },
    { "they nest",
      "local function one() return (replyd.race{ function() return nap(0.01, 1) end, function()\n"
      "  return replyd.timeout(9, function() nap(9) end) end }) end\n"
      "local a, b = replyd.all{ one, one } return a + b .. ops()", "20" },
    { "in a coroutine of the script",
      "local co = coroutine.wrap(function()\n"
      "  coroutine.yield(replyd.all{ function() return nap(0.01, 'in') end }) end)\n"
      "return co()", "in" },
    { "spawn runs beside",
      "local said = {} replyd.spawn(function() said[1] = 'spawned' end)\n"
      "said[2] = 'first' replyd.sleep(0.01) return said[1] .. said[2]", "spawnedfirst" },
    { "a spawned coroutine may spawn",
      "local n = 0 local function f() n = n + 1 if n < 50 then replyd.spawn(f) end end\n"
      "replyd.spawn(f) nap(0.05) return tostring(n)", "50" },
    { "a bare yield is an error there, too",
      "return (select(2, pcall(replyd.all, { coroutine.yield })))",
      "coroutine.yield outside of a coroutine: a handler waits with replyd.sleep and the like" },
    { "no await inside sort's callback, in words",
      "local ok, err = pcall(table.sort, { 2, 1 }, function() replyd.all{ nap } end)\n"
      "return (err:gsub('^.-: ', ''))",
      "replyd.all cannot wait here: not inside a callback of table.sort or string.gsub, a "
      "metamethod, or __close of a cancelled handler" },
    { "nor inside gsub's",
      "local ok, err = pcall(string.gsub, 'a', 'a', function() replyd.timeout(1, nap) end)\n"
      "return err:match('replyd.timeout cannot wait here: not inside a callback')",
      "replyd.timeout cannot wait here: not inside a callback" },
    { "but spawn waits for nothing",
      "local n = 0 ('aaa'):gsub('a', function() replyd.spawn(function() n = n + 1 end) end)\n"
      "nap(0.01) return tostring(n)", "3" },
    { "what is no function is named",
      "return (select(2, pcall(replyd.all, { print, 7 })))",
      "replyd.all: number 2 of the list is no function but number" },
    { "a thousand at a time, no more",
      "local ok, err = pcall(function() for i = 1, 1001 do replyd.spawn(function() nap(9) end)\n"
      "  end end) return err", "a handler has at most 1000 coroutines at a time" },
};

static void
each_row_answers(void **state)
{
    static char script[8000];

    (void)state;
    driver_limits.cpu_limit_ns = 20 * RD_SECOND;    /* sanitizers are slow */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(script, sizeof script, NAP COUNTERS "\nreturn function(msg)\n%s end",
                 rows[i].body);
        driver_once(script, "");
        if (strstr(driver_last.text, rows[i].answer) == NULL)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].name, driver_last.text, rows[i].answer);
    }
    driver_limits.cpu_limit_ns = 500 * RD_MS;
    printf("%zu rows\n", sizeof rows / sizeof rows[0]);
}

/* ---- the end of the handler ------------------------------------------------------ */

static const char outlives[] =
    "local out = {}\n"
    "return { error = function() return 'failed' end, message = function(msg)\n"
    "  if msg.body == 'out' then local s = table.concat(out, ' ') out = {} return s end\n"
    "  if msg.body == 'go' then return 'n' .. replyd.debug.signal('e') end\n"
    "  replyd.spawn(function()\n"
    "    local x <close> = setmetatable({},\n"
    "      { __close = function() out[#out + 1] = 'closed' end })\n"
    "    replyd.debug.wait_event('e') out[#out + 1] = 'done' end)\n"
    "  replyd.sleep(0.001)\n"
    "  if msg.body == 'fail' then error('on purpose') end\n"
    "  if msg.body == 'wait' then replyd.sleep(99) end\n"
    "  return 'ended' end }";

static void
what_was_spawned_goes_on_after_the_end(void **state)
{
    struct driver_run *r;

    (void)state;
    driver_open(outlives);
    r = driver_wait(driver_start(""));
    assert_string_equal(r->text, "ended");
    assert_true(r->goes_on);
    assert_string_equal(driver_ask("go"), "n1");
    driver_wait_gone(r);
    assert_string_equal(driver_ask("out"), "done closed");
    free(r);
    driver_close();
}

static void
but_not_after_a_failure_or_a_cancellation(void **state)
{
    struct driver_run *r;

    (void)state;
    driver_open(outlives);
    r = driver_wait(driver_start("fail"));
    assert_string_equal(r->text, "failed");
    driver_wait_gone(r);
    free(r);
    assert_string_equal(driver_ask("out"), "closed");
    r = driver_start("wait");
    driver_wait_queued();
    driver_cancel(r);
    driver_wait(r);
    driver_wait_gone(r);
    assert_int_equal(r->outcome, RD_OUTCOME_cancelled);
    free(r);
    assert_string_equal(driver_ask("out"), "closed");
    assert_string_equal(driver_ask("go"), "n0");
    driver_close();
}

static void
after_the_end_it_can_be_cancelled(void **state)
{
    struct driver_run *r;

    (void)state;
    driver_open(outlives);
    r = driver_wait(driver_start(""));
    driver_cancel_gone(r);
    driver_wait_gone(r);
    assert_int_equal(r->outcome, RD_OUTCOME_ok);
    assert_string_equal(driver_ask("out"), "closed");
    free(r);
    driver_close();
}

static void
an_unload_ends_what_goes_on(void **state)
{
    struct driver_run *r;

    (void)state;
    driver_open(outlives);
    r = driver_wait(driver_start(""));
    driver_close();
    assert_true(r->gone);
    free(r);
}

/* ---- budgets ------------------------------------------------------------------------ */

static void
a_family_has_one_budget(void **state)
{
    (void)state;
    driver_limits.cpu_limit_ns = 60 * RD_MS;
    driver_once("return function() local l = {} for i = 1, 20 do l[i] = function()\n"
                "  local t = replyd.now() while true do end end end\n"
                "  pcall(replyd.all, l) return 'survived' end", "");
    assert_int_equal(driver_last.outcome, RD_OUTCOME_cpu);
    assert_true(driver_last.cpu_ns < 300 * RD_MS);
    driver_once("return function()\n"
                "  replyd.spawn(function() while true do end end)\n"
                "  pcall(replyd.sleep, 60) return 'survived' end", "");
    assert_int_equal(driver_last.outcome, RD_OUTCOME_cpu);
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

static void
a_family_has_one_allowance_of_memory(void **state)
{
    (void)state;
    driver_limits.cpu_limit_ns = 20 * RD_SECOND;    /* sanitizers are slow */
    driver_once("return function() local l = {} for i = 1, 8 do l[i] = function()\n"
                "  local t = {} for k = 1, 80 do t[k] = ('x'):rep(100000) .. k end\n"
                "  replyd.sleep(1) return #t end end\n"
                "  pcall(replyd.all, l) return 'survived' end", "");
    assert_int_equal(driver_last.outcome, RD_OUTCOME_memory);
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

/* A handler with 500 busy coroutines has one turn, as its neighbour has. */
static void
a_family_has_one_turn_at_a_time(void **state)
{
    struct driver_run *many;
    uint64_t start;

    (void)state;
    driver_limits.cpu_limit_ns = 5 * RD_SECOND;
    driver_open("return function(msg)\n"
                "  if msg.body ~= 'many' then replyd.sleep(0) return 'one' end\n"
                "  local l = {} for i = 1, 500 do l[i] = function()\n"
                "    local t = replyd.now() + 0.002 while replyd.now() < t do end\n"
                "    replyd.sleep(0) end end\n"
                "  replyd.all(l) return 'many' end");
    many = driver_start("many");
    driver_wait_queued();
    start = rd_clock_ns();
    assert_string_equal(driver_ask("one"), "one");
    assert_false(many->ended);
    assert_true(rd_clock_ns() - start < 300 * RD_MS);    /* not 500 times 2 ms */
    assert_string_equal(driver_wait(many)->text, "many");
    free(many);
    driver_close();
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

/* 900 coroutines whose __close never ends: all together get 50 ms, not 10 ms each. */
static void
closing_a_family_is_bounded(void **state)
{
    uint64_t start = driver_cpu_ns();

    (void)state;
    driver_limits.cpu_limit_ns = 20 * RD_SECOND;    /* sanitizers are slow */
    driver_open("local closed = 0\n"
                "return { message = function(msg)\n"
                "  if msg.body == 'closed' then return closed end\n"
                "  local function close() if msg.body == 'loop' then while true do end end\n"
                "    closed = closed + 1 end\n"
                "  for i = 1, msg.body == 'loop' and 900 or 50 do replyd.spawn(function()\n"
                "    local x <close> = setmetatable({}, { __close = close }) replyd.sleep(60)\n"
                "  end) end\n"
                "  replyd.sleep(0.001) error('over') end }");
    driver_ask("loop");
    assert_int_equal(driver_last.outcome, RD_OUTCOME_error);
    driver_ask("well");
    while (strcmp(driver_ask("closed"), "50") != 0)
        ;
    driver_close();
    driver_limits.cpu_limit_ns = 500 * RD_MS;
#ifndef RD_TSAN    /* many times slower in C */
    assert_true(driver_cpu_ns() - start < 4 * RD_SECOND);    /* 9 s and more for the 900 loops */
#else
    assert_true(driver_cpu_ns() > start);
#endif
}

/* What counts asks within its protection: nothing is left behind, no VM's main thread raises. */
static void
a_kill_finds_a_group_half_made(void **state)
{
    static const char *const ways[] = {
        "pcall(replyd.all, l)", "pcall(replyd.race, l)", "pcall(replyd.timeout, 1, f)",
        "pcall(replyd.spawn, f)",
    };
    char script[600];

    (void)state;
    driver_limits.cpu_limit_ns = 20 * RD_MS;
    for (int i = 0; i < 40; i++) {
        snprintf(script, sizeof script,
                 "return function() local f, l = function() end, {}\n"
                 "  for i = 1, %d do l[i] = f end\n"
                 "  pcall(table.sort, { 3, 2, 1 }, function() while true do %s end end)\n"
                 "  return 'survived' end", i % 2 == 0 ? 900 : 3, ways[i / 2 % 4]);
        driver_once(script, "");
        assert_int_equal(driver_last.outcome, RD_OUTCOME_cpu);
    }
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

/* However it ends: what its __close would start would be nobody's. */
static void
nothing_begins_behind_a_handler_that_is_over(void **state)
{
    static const char script[] =
        "local ways = { wait = function() replyd.debug.wait_event('never') end,\n"
        "  spin = function() while true do end end,\n"
        "  child = function() replyd.all({ function()\n"
        "    replyd.debug.wait_event('never') end }) end }\n"
        "local n = 0\n"
        "return function(msg)\n"
        "  if msg.body == 'begun' then return tostring(n) end\n"
        "  local x <close> = setmetatable({}, { __close = function()\n"
        "    pcall(replyd.spawn, function() n = n + 1 replyd.debug.wait_event('never') end)\n"
        "    pcall(replyd.all, { function() n = n + 1 end }) end })\n"
        "  ways[msg.body]() end";
    static const char *const ways[] = { "wait", "spin", "child" };

    (void)state;
    driver_open(script);
    for (int i = 0; i < 3; i++) {
        struct driver_run *r = driver_start(ways[i]);

        driver_wait_queued();
        driver_cancel(r);
        driver_wait(r);
        driver_wait_gone(r);
        free(r);
    }
    assert_string_equal(driver_ask("begun"), "0");
    driver_close();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_answers),
        cmocka_unit_test(what_was_spawned_goes_on_after_the_end),
        cmocka_unit_test(but_not_after_a_failure_or_a_cancellation),
        cmocka_unit_test(after_the_end_it_can_be_cancelled),
        cmocka_unit_test(an_unload_ends_what_goes_on),
        cmocka_unit_test(a_family_has_one_budget),
        cmocka_unit_test(a_family_has_one_allowance_of_memory),
        cmocka_unit_test(a_family_has_one_turn_at_a_time),
        cmocka_unit_test(closing_a_family_is_bounded),
        cmocka_unit_test(a_kill_finds_a_group_half_made),
        cmocka_unit_test(nothing_begins_behind_a_handler_that_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
