/* Nothing that a handler does keeps another handler of the same worker waiting. */
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
#include "script/worker.h"

/* As much longer as the engine lets C code take in such a build. */
#if defined RD_TSAN
#define GUARD_SLOW 10
#elif defined __SANITIZE_ADDRESS__
#define GUARD_SLOW 4
#else
#define GUARD_SLOW 1
#endif

/* A script of which a body of "bad" runs the given code; any other body is echoed. */
static const char *
with_bad(const char *bad)
{
    static char text[4096];

    snprintf(text, sizeof text,
             "local function spin() while true do end end\n"
             "return { message = function(msg)\n"
             "  if msg.body == 'bad' then %s end\n"
             "  return msg.body end,\n"
             "  error = function(err) return 'sorry' end }", bad);
    return text;
}

/*
 * The bad handler ends with its outcome, the error handler replies, and the echoes beside it
 * come while it runs: most before its end.
 */
static void
bad_ends(const char *code, enum rd_outcome outcome)
{
    struct driver_run *bad;

    driver_open(with_bad(code));
    bad = driver_start("bad");
    assert_string_equal(driver_ask("a"), "a");
    assert_string_equal(driver_ask("b"), "b");
    driver_wait(bad);
    assert_string_equal(rd_outcome_name(bad->outcome), rd_outcome_name(outcome));
    assert_string_equal(bad->text, "sorry");
    assert_true(bad->by_error_handler);
    assert_string_equal(driver_ask("c"), "c");
    free(bad);
    driver_close();
}

static void
endless_loops_end_at_the_cpu_budget(void **state)
{
    static const char *const codes[] = {
        "while true do end",
        "while true do pcall(spin) end",
        "local function p() pcall(p) while true do end end p()",
        "while true do xpcall(spin, spin) end",
        "xpcall(spin, debug.traceback) spin()",
        "while true do coroutine.resume(coroutine.create(spin)) end",
        "while true do pcall(coroutine.wrap(spin)) end",
        "local function f() return f() end f()",
        "table.sort({3, 2, 1}, function() spin() end)",
        "(('x'):rep(10)):gsub('.', function() spin() end)",
        "setmetatable({}, {__index = spin}).x = 1; return setmetatable({}, {__index = spin}).x",
        "local x <close> = setmetatable({}, {__close = spin}) spin()",
        "local c = coroutine.wrap(function() local x <close> = setmetatable({}, {__close = spin}) "
            "spin() end) c()",
        "local t = setmetatable({}, {__len = function() return 10 end, __index = spin}) "
            "table.concat(t)",
        "while true do load('local x = 1')() end",
        "for i = 1, 1e18 do tostring(i) end",
        "local s = 'x' while true do s:upper() end",
    };

    (void)state;
    driver_limits.cpu_limit_ns = 100 * RD_MS;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        print_message("  %s\n", codes[i]);
        bad_ends(codes[i], RD_OUTCOME_cpu);
    }
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

/* 20 that would hold up everybody for 80 ms each, and stay below the bound of one. */
static void
many_that_block_a_thread_end_sooner(void **state)
{
    struct driver_run *many[20];
    uint64_t start = driver_cpu_ns();
    unsigned well = 0;
    char body[16];

    (void)state;
    driver_limits.cpu_limit_ns = 20 * RD_SECOND;
    driver_open("return function(msg) local till = os.clock() + tonumber(msg.body)\n"
                "  table.sort({ 2, 1 }, function(a, b)\n"
                "    while os.clock() < till do end return a < b end)\n"
                "  return 'well' end");
    snprintf(body, sizeof body, "%g", 0.08 * GUARD_SLOW);
    for (unsigned i = 0; i < 20; i++)
        many[i] = driver_start(body);
    for (unsigned i = 0; i < 20; i++) {
        driver_wait(many[i]);
        well += many[i]->outcome == RD_OUTCOME_ok;
        free(many[i]);
    }
    print_message("  %u of 20 ended well\n", well);
    driver_close();
    start = driver_cpu_ns() - start;
    print_message("  %u ms\n", (unsigned)(start / RD_MS));
    assert_true(start < GUARD_SLOW * 1250 * RD_MS);    /* 1,600 ms if nobody ended sooner */
    assert_true(well > 0);
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

static void
patterns_end_at_the_cpu_budget_or_their_step_limit(void **state)
{
    static const char *const codes[] = {
        "(('a@'):rep(800)):find('.-@.-%.com$')",
        "(('a'):rep(1280)):find('.-.-.-b')",
        "(('a'):rep(26)):find(('a-'):rep(25) .. 'b')",
        "(('a'):rep(26)):match(('a?'):rep(26) .. ('a'):rep(26) .. 'b')",
        "for _ in ((' '):rep(1600)):gmatch('^(.*)%s(.*)%s(.*)%s(.*)!$') do end spin()",
        "while true do pcall(string.find, ('a'):rep(1280), '.-.-.-b') end",
    };

    (void)state;
    driver_limits.cpu_limit_ns = 50 * RD_MS;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct driver_run *bad;

        print_message("  %s\n", codes[i]);
        driver_open(with_bad(codes[i]));
        bad = driver_wait(driver_start("bad"));
        assert_true(bad->outcome == RD_OUTCOME_cpu || bad->outcome == RD_OUTCOME_error);
        assert_string_equal(driver_ask("c"), "c");
        free(bad);
        driver_close();
    }
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

static void
memory_bombs_end_at_the_memory_budget(void **state)
{
    static const char *const codes[] = {
        "return ('x'):rep(1e9)",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = {} end",
        "local t = {} while true do t[{}] = true end",
        "while true do pcall(string.rep, 'x', 1e9) end",
        "local t = {} while true do pcall(function() while true do t[#t + 1] = ('x'):rep(1000) "
            ".. #t end end) end",
        "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end",
        "local function f(n) local a, b, c = n, n, n return {f, f(n + 1)} end f(1)"
            " local t = {} while true do t[#t + 1] = {} end",
        "error(('x'):rep(40 * 1024 * 1024))",
    };

    (void)state;
    driver_limits.vm_memory = (size_t)8 << 20;
    driver_limits.handler_memory = (size_t)4 << 20;
    driver_limits.cpu_limit_ns = 5 * RD_SECOND;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        print_message("  %s\n", codes[i]);
        bad_ends(codes[i], RD_OUTCOME_memory);
    }
    driver_limits.vm_memory = (size_t)64 << 20;
    driver_limits.handler_memory = (size_t)32 << 20;
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

/* What the `error` handler is told, and the log. */
static void
a_want_of_memory_names_its_place_and_the_limit(void **state)
{
    static const struct {
        const char *code, *error;
    } rows[] = {
        { "return ('x'):rep(1e9)",
          "scripts/bot.lua:3: not enough memory: handler_memory (14 MiB)" },
        { "local s = 'x' while true do s = s .. s end",
          "scripts/bot.lua:3: not enough memory: handler_memory (14 MiB)" },
        { "local t = {} while true do t[#t + 1] = {} end",
          "scripts/bot.lua:3: not enough memory: handler_memory (14 MiB)" },
        { "return (('x'):rep(6 << 20))",
          "scripts/bot.lua:3: not enough memory: vm_memory (16 MiB)" },
    };
    struct driver_run *holder;
    char script[1000];

    (void)state;
    driver_limits.vm_memory = (size_t)16 << 20;
    driver_limits.handler_memory = (size_t)14 << 20;
    driver_limits.cpu_limit_ns = 20 * RD_SECOND;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(script, sizeof script,
                 "return { error = function(e) return tostring(e) end, message = function(msg)\n"
                 "if msg.body == 'bad' then\n%s end\n"
                 "local s = ('x'):rep(5 << 20) replyd.debug.wait_event('go') end }", rows[i].code);
        driver_open(script);
        holder = i == 3 ? driver_start("hold") : NULL;
        driver_ask("bad");
        assert_int_equal(driver_last.outcome, RD_OUTCOME_memory);
        if (strncmp(driver_last.text, rows[i].error, strlen(rows[i].error)) != 0)
            fail_msg("%s: %s", rows[i].code, driver_last.text);
        driver_close();
        free(holder);
    }
    driver_limits.vm_memory = (size_t)64 << 20;
    driver_limits.handler_memory = (size_t)32 << 20;
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

static void
garbage_is_not_charged(void **state)
{
    (void)state;
    driver_limits.vm_memory = (size_t)16 << 20;
    driver_limits.handler_memory = (size_t)4 << 20;
    driver_limits.cpu_limit_ns = 20 * RD_SECOND;
    driver_open(with_bad("local s for i = 1, 400 do s = ('x'):rep(100000) .. i end"));
    assert_string_equal(driver_ask("bad"), "bad");    /* 40 MB in all, little at once */
    driver_close();
    driver_limits.vm_memory = (size_t)64 << 20;
    driver_limits.handler_memory = (size_t)32 << 20;
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

static void
others_keep_their_memory_when_one_explodes(void **state)
{
    struct driver_run *holder;

    (void)state;
    driver_limits.vm_memory = (size_t)16 << 20;
    driver_limits.handler_memory = (size_t)8 << 20;
    driver_limits.cpu_limit_ns = 20 * RD_SECOND;
    driver_open("return function(msg)\n"
                "  if msg.body == 'bomb' then local t = {} while true do t[#t + 1] = {} end end\n"
                "  local mine = ('x'):rep(2 * 1024 * 1024)\n"
                "  replyd.debug.wait_event('go') return #mine end");
    holder = driver_start("hold");
    driver_ask("bomb");
    assert_int_equal(driver_last.outcome, RD_OUTCOME_memory);
    driver_close();
    assert_int_equal(holder->outcome, RD_OUTCOME_cancelled);
    free(holder);
    driver_limits.cpu_limit_ns = 500 * RD_MS;
    driver_limits.vm_memory = (size_t)64 << 20;
    driver_limits.handler_memory = (size_t)32 << 20;
}

static void
a_long_handler_makes_way_and_still_ends(void **state)
{
    struct driver_run *slow;

    (void)state;
    driver_limits.cpu_limit_ns = 20 * RD_SECOND;
    driver_open("return function(msg) if msg.body ~= 'slow' then return msg.body end\n"
                "local n = 0 for i = 1, 2e7 do n = n + i end return n end");
    slow = driver_start("slow");
    for (int i = 0; i < 20; i++)
        assert_string_equal(driver_ask("quick"), "quick");
    driver_wait(slow);
    assert_string_equal(slow->text, "200000010000000");
    assert_true(rd_metric_get(RD_METRIC_preemptions_total, 0) > 5);
    free(slow);
    driver_close();
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

/* The C stack holds whatever Lua allows: these end with an error, not a crash. */
static void
deep_recursion_through_c_is_an_error(void **state)
{
    static const char *const codes[] = {
        "local function f(s) return (s:gsub('.', f)) end f('x')",
#ifndef RD_TSAN    /* its stack depot overflows here and ends the program */
        "local function f() return pcall(f) end f() error('deep')",
#endif
        "local function f() table.sort({1, 2, 3}, function() f() end) end f()",
        "local function f() return coroutine.wrap(f)() end f()",
        "local function f() return coroutine.wrap(function() return ('x'):gsub('.', f) end)() end "
            "f()",
        "local t t = setmetatable({}, {__index = function() return ('x'):gsub('.', function() "
            "return t.x end) end}) return t.x",
        "local f = load('return ' .. ('('):rep(250) .. '1' .. (')'):rep(250)) f()",
        "('a'):rep(100000):find(('a?'):rep(10000))",
        "local function f() error(setmetatable({}, {__tostring = f})) end f()",
        "local t = {} for _ = 1, 199 do t = {t} end replyd.json.encode(t) error('fine')",
    };

    (void)state;
    driver_limits.cpu_limit_ns = 20 * RD_SECOND;    /* slow builds need more than 500 ms */
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        print_message("  %s\n", codes[i]);
        bad_ends(codes[i], RD_OUTCOME_error);
    }
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

/* The script's own coroutine never sees a forced yield as one of its own. */
static void
forced_yields_pass_through_the_script_s_coroutines(void **state)
{
    (void)state;
    driver_limits.cpu_limit_ns = 20 * RD_SECOND;
    driver_open("return function()\n"
                "  local co = coroutine.wrap(function() for r = 1, 5 do local n = 0\n"
                "    for i = 1, 2e6 do n = n + 1 end coroutine.yield(r, n) end return 'end' end)\n"
                "  local seen = {}\n"
                "  for i = 1, 5 do local r, n = co() seen[i] = r .. ':' .. n end\n"
                "  return table.concat(seen, ' ') .. ' ' .. co() end");
    assert_string_equal(driver_ask(""), "1:2000000 2:2000000 3:2000000 4:2000000 5:2000000 end");
    driver_close();
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

static void
a_cancelled_spinner_ends_soon(void **state)
{
    struct driver_run *r;

    (void)state;
    driver_limits.cpu_limit_ns = 60 * RD_SECOND;
    driver_open(with_bad("spin()"));
    r = driver_start("bad");
    assert_string_equal(driver_ask("a"), "a");
    driver_cancel(r);
    driver_wait(r);
    assert_int_equal(r->outcome, RD_OUTCOME_cancelled);
    free(r);
    driver_close();
    driver_limits.cpu_limit_ns = 500 * RD_MS;
}

static void
close_handlers_of_a_cancelled_run_are_under_budget(void **state)
{
    struct driver_run *r;

    (void)state;
    driver_open("local function spin() while true do end end\n"
                "return function(msg) if msg.body ~= 'bad' then return msg.body end\n"
                "local x <close> = setmetatable({}, {__close = spin}) replyd.sleep(3600) end");
    r = driver_start("bad");
    assert_string_equal(driver_ask("a"), "a");
    driver_cancel(r);
    driver_wait(r);
    assert_int_equal(r->outcome, RD_OUTCOME_cancelled);
    assert_string_equal(driver_ask("a"), "a");
    free(r);
    driver_close();
}

/* Nineteen thousand variables are to be closed, and no byte is left for errors on the way out. */
static void
a_kill_in_a_full_vm_takes_no_memory(void **state)
{
    static const char script[] =
        "local kept = { ('x'):rep(4000000), ('y'):rep(4000000) }\n"
        "local pack, unpack, count = table.pack, table.unpack, collectgarbage\n"
        "return function(msg)\n"
        "  if msg.body ~= 'bad' then return msg.body end\n"
        "  local x, t, hold = setmetatable({}, { __close = function() end }), {}, nil\n"
        "  t[1] = 'local x, f, n, last = ... '\n"
        "  for i = 1, 190 do t[#t + 1] = 'local a' .. i .. ' <close> = x' end\n"
        "  t[#t + 1] = ' if n == 0 then last() return 1 end f(x, f, n - 1, last) return 1'\n"
        "  local g = load(table.concat(t, ' '))\n"
        "  local function last() local h, i = {}, 1 hold = h\n"
        "    table.sort({ 1, 2, 3 }, function()\n"
        "      while true do local k = (16384 - count('count')) * 1024\n"
        "        if k < 4000 then break end\n"
        "        k = (k - 2000) // 16 | 0 if k > 10000 then k = 10000 end\n"
        "        h[i] = pack(unpack({}, 1, k)) i = i + 1 end\n"
        "      while true do hold = { hold } end end) end\n"
        "  g(x, g, 100, last)\n"
        "end";
    uint64_t cpu;

    (void)state;
#ifdef RD_TSAN
    skip();    /* it keeps the frames that longjmp left: 65,536 at most */
#endif
    driver_limits.vm_memory = (size_t)16 << 20;
    driver_limits.handler_memory = (size_t)12 << 20;
    driver_open(script);
    cpu = driver_cpu_ns();
    for (int i = 0; i < 3; i++) {
        driver_ask("bad");
        assert_int_equal(driver_last.outcome, RD_OUTCOME_memory);
        assert_string_equal(driver_ask("a"), "a");
    }
    cpu = driver_cpu_ns() - cpu;
    print_message("  %u ms\n", (unsigned)(cpu / RD_MS));
    assert_true(cpu < 3 * RD_SECOND * GUARD_SLOW);
    driver_close();
    driver_usual_limits(NULL);
}

static void
on_read_debt(void *debt)
{
    *(uint64_t *)debt = driver_worker->clock.debt_ns;
}

/* Six that never end, at once: who comes after them may sort for as long as ever. */
static void
blockers_leave_nothing_to_others(void **state)
{
    struct driver_run *bad[6];
    uint64_t debt;
    char script[400];

    (void)state;
    snprintf(script, sizeof script,
             "return function(msg)\n"
             "  local start, clock = os.clock(), os.clock\n"
             "  table.sort({ 1, 2 }, function()\n"
             "    repeat until msg.body == 'good' and clock() - start > %g end)\n"
             "  return msg.body end", 0.03 * GUARD_SLOW);
    driver_open(script);
    for (int i = 0; i < 6; i++)
        bad[i] = driver_start("bad");
    for (int i = 0; i < 6; i++) {
        driver_wait(bad[i]);
        assert_int_equal(bad[i]->outcome, RD_OUTCOME_cpu);
        free(bad[i]);
    }
    do
        driver_call(on_read_debt, &debt);
    while (debt > 0);    /* until it has seen that nobody waits */
    for (int i = 0; i < 10; i++)
        assert_string_equal(driver_ask("good"), "good");
    driver_close();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endless_loops_end_at_the_cpu_budget),
        cmocka_unit_test(many_that_block_a_thread_end_sooner),
        cmocka_unit_test(patterns_end_at_the_cpu_budget_or_their_step_limit),
        cmocka_unit_test(memory_bombs_end_at_the_memory_budget),
        cmocka_unit_test(a_want_of_memory_names_its_place_and_the_limit),
        cmocka_unit_test(garbage_is_not_charged),
        cmocka_unit_test(others_keep_their_memory_when_one_explodes),
        cmocka_unit_test(a_long_handler_makes_way_and_still_ends),
        cmocka_unit_test(forced_yields_pass_through_the_script_s_coroutines),
        cmocka_unit_test(deep_recursion_through_c_is_an_error),
        cmocka_unit_test(a_cancelled_spinner_ends_soon),
        cmocka_unit_test(close_handlers_of_a_cancelled_run_are_under_budget),
        cmocka_unit_test(a_kill_in_a_full_vm_takes_no_memory),
        cmocka_unit_test(blockers_leave_nothing_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
