/* A script that cannot serve is refused at load, with file, line and reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "script/driver.h"

#ifdef RD_TSAN
#define LOAD_MS 3000    /* there it takes that long to use up 16 MiB */
#else
#define LOAD_MS 200
#endif
#ifdef __SANITIZE_ADDRESS__
#define LOAD_MOST 10    /* times LOAD_MS: C is slower there, Lua's too */
#else
#define LOAD_MOST 4
#endif
#define RD_STR_(x) #x
#define RD_STR(x) RD_STR_(x)

static const struct {
    const char *script, *error;    /* error: how it begins; "*" in front: what it holds */
} refused[] = {
    { "return 7", "scripts/bot.lua:1: the file returned number: a script returns a function" },
    { "local x = 1", "scripts/bot.lua:1: the file returned nothing" },
    { "\n\nreturn 'x'", "scripts/bot.lua:3: the file returned string" },
    { "return {\n  mesage = function() end }",
      "scripts/bot.lua:2: unknown handler 'mesage': did you mean 'message'?" },
    { "return {\n message = 'hi' }",
      "scripts/bot.lua:2: 'message' must be a function, not string" },
    { "return {}", "scripts/bot.lua:1: the table that the file returned offers no handler" },
    { "local function handle() end\nreturn {\n  message = handel,\n}",
      "scripts/bot.lua:3: the table that the file returned offers no handler: a script needs "
      "message, keywords, status, opt_out or schedule (a name that is misspelt is nil, and what is "
      "set to nil is missing)" },
    { "return { keywords = {}, error = print, schedule = {}, debounce = '1s' }",
      "*offers no handler" },
    { "return { 1 }", "scripts/bot.lua:1: the table of handlers has number as a key" },
    { "return { keywords = { [1] = 'x' } }", "*a keyword is a text and has a value: "
      "keywords = { hours = function(msg) ... end }, not a list or a key that is a number" },
    { "return { keywords = {\n a = 'x', A = 'y' } }", "*keyword \"a\" is there twice" },
    { "return { keywords = { ['  '] = 'x' } }", "*has no word in it" },
    { "return { keywords = {\n  a = print } , message = 3 }", "*'message' must be a function" },
    { "return { keywords = {\n  a = true } }",
      "scripts/bot.lua:2: keyword \"a\": cannot answer with a boolean" },
    { "return { keywords = 'x' }", "*'keywords' must be a table, not string" },
    { "return { concurrency = 'all' }", "*'concurrency' is \"queue\", \"latest\" or \"drop\"" },
    { "return { debounce = '1 hour' }", "*'debounce' is a duration" },
    { "return { schedule = { ['0 9 * * *'] = 'x' } }", "*must be a function, not string" },
    { "return function( end", "scripts/bot.lua:1: " },
    { "\nx = 1", "scripts/bot.lua:2: assignment to undeclared global 'x'" },
    { "\nfunction helper() end", "scripts/bot.lua:2: assignment to undeclared global 'helper'" },
    { "error('no')", "scripts/bot.lua:1: no" },
    { "error({})", "scripts/bot.lua:1: an error that is a table" },
    { "\nerror(nil)", "scripts/bot.lua:2: an error that is nil" },
    { "\nerror('bare', 0)", "scripts/bot.lua:2: bare" },
    { "error(setmetatable({}, { __tostring = function() return 'own' end }))",
      "scripts/bot.lua:1: own" },
    { "#!/usr/bin/lua\nerror('no')", "scripts/bot.lua:2: no" },
    { "\n\nwhile true do end",
      "scripts/bot.lua:3: the CPU budget of " RD_STR(LOAD_MS) " ms is used up by loading" },
    { "while true do pcall(function() while true do end end) end", "*is used up by loading" },
    { "('a'):rep(1280):find('.-.-.-b') ('a'):rep(1280):find('.-.-.-.-b')", "*scripts/bot.lua:1:" },
    { "local t = {}\nfor i = 1, 1e9 do\n t[i] = i end",
      "scripts/bot.lua:3: not enough memory for loading" },
    { "\nlocal s = ('x'):rep(1 << 30)", "scripts/bot.lua:2: not enough memory" },
    { "replyd.sleep(1)", "scripts/bot.lua:1: replyd.sleep cannot wait while a script is loaded" },
    { "coroutine.yield()", "*coroutine.yield outside of a coroutine" },
    { "\033Lua", "scripts/bot.lua: attempt to load a binary chunk" },
    { "require 'nothing'", "*require: no module 'nothing'" },
    { "require '../../etc/passwd'", "*is no module name" },
    { "require 'a..b'", "*is no module name" },
};

static void
what_cannot_serve_is_refused_with_file_line_and_reason(void **state)
{
    (void)state;
    driver_limits.load_limit_ns = LOAD_MS * RD_MS;
    driver_limits.vm_memory = (size_t)16 << 20;
    driver_open("return function() return 'old' end");
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const char *expected = refused[i].error, *error;

        if (driver_load(refused[i].script) != NULL)
            fail_msg("loaded: %s", refused[i].script);
        error = driver_error();
        if (expected[0] == '*' ? strstr(error, expected + 1) == NULL
                               : strncmp(error, expected, strlen(expected)) != 0)
            fail_msg("%s\n  expected %s\n  got      %s", refused[i].script, expected, error);
        assert_string_equal(driver_ask(""), "old");
        assert_int_equal(rd_generations_alive(), 1);
    }
    driver_close();
    driver_limits.load_limit_ns = 2 * RD_SECOND;
    driver_limits.vm_memory = (size_t)64 << 20;
}

/* Each turn in C is dear: it copies megabytes. */
static const char *const dear[] = {
    "local t, s = {}, ('x'):rep(1024):rep(4096) for i = 1, 20000 do t[i] = s end\n"
    "table.sort(t, string.upper)",
    "local t, s = {}, ('x'):rep(1024):rep(4096)\n"
    "string.gsub(('y'):rep(20000), 'y', function() return s:upper():sub(1, 1) end)",
    "local s = ('x'):rep(1024):rep(4096)\nwhile true do s:upper() end",
};

static void
a_load_ends_in_time_inside_a_function_in_c(void **state)
{
    (void)state;
    driver_limits.load_limit_ns = LOAD_MS * RD_MS;
    driver_open("return function() end");
    for (size_t i = 0; i < sizeof dear / sizeof dear[0]; i++) {
        uint64_t took = driver_cpu_ns();

        assert_null(driver_load(dear[i]));
        took = driver_cpu_ns() - took;
        assert_string_equal(driver_error(), "scripts/bot.lua:2: the CPU budget of " RD_STR(LOAD_MS)
                            " ms is used up by loading");
        if (took > LOAD_MOST * LOAD_MS * RD_MS)
            fail_msg("%d ms: %s", (int)(took / RD_MS), dear[i]);
    }
    driver_close();
    driver_usual_limits(NULL);
}

static void
what_the_parser_cannot_hold_names_the_file(void **state)
{
    char script[1000] = "return ";

    (void)state;
    memset(script + strlen(script), '{', 300);
    driver_open("return function() end");
    assert_null(driver_load(script));
    assert_memory_equal(driver_error(), "scripts/bot.lua:", 16);
    assert_non_null(strstr(driver_error(), "overflow"));
    driver_close();
}

static const char *const accepted[] = {
    "\xEF\xBB\xBFreturn function() end",
    "#!/usr/bin/env lua\nreturn function() end",
    "\xEF\xBB\xBF# first\nreturn function() end",
    "return function() end",
    "return { status = print }",
    "return { opt_out = print }",
    "return { keywords = { a = 'b' } }",
    "return { concurrency = 'latest', debounce = '1s', schedule = { ['0 9 * * *'] = print } }",
    "return { debounce = false, keywords = {}, error = print, opt_out = print }",
    "local t = setmetatable({}, { __index = string }) return { message = t.upper }",
};

static void
what_the_api_allows_is_accepted(void **state)
{
    (void)state;
    driver_open("return function() end");
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++)
        if (driver_load(accepted[i]) == NULL)
            fail_msg("%s: %s", accepted[i], driver_error());
    driver_close();
}

static void
a_reload_serves_new_messages_and_lets_sleepers_end(void **state)
{
    struct driver_run *old;

    (void)state;
    driver_open("return function() replyd.debug.wait_event('go') return 'old' end");
    old = driver_start("");
    assert_non_null(driver_load("return function(msg) if msg.body == 'wake' then "
                                "return replyd.debug.signal('go') end return 'new' end"));
    assert_string_equal(driver_ask(""), "new");
    assert_int_equal(rd_generations_alive(), 2);
    assert_string_equal(driver_ask("wake"), "1");
    assert_string_equal(driver_wait(old)->text, "old");
    free(old);
    driver_close();
}

static void
many_reloads_under_load_leave_nothing(void **state)
{
    struct driver_run *runs[100];

    (void)state;
    driver_open("return function() replyd.sleep(0.002) return 'x' end");
    for (int i = 0; i < 100; i++) {
        runs[i] = driver_start("");
        assert_non_null(driver_load("return function() replyd.sleep(0.002) return 'x' end"));
    }
    for (int i = 0; i < 100; i++) {
        assert_string_equal(driver_wait(runs[i])->text, "x");
        free(runs[i]);
    }
    driver_close();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_serve_is_refused_with_file_line_and_reason),
        cmocka_unit_test(a_load_ends_in_time_inside_a_function_in_c),
        cmocka_unit_test(what_the_parser_cannot_hold_names_the_file),
        cmocka_unit_test(what_the_api_allows_is_accepted),
        cmocka_unit_test(a_reload_serves_new_messages_and_lets_sleepers_end),
        cmocka_unit_test(many_reloads_under_load_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
