/* What a script says, and what went wrong in it, stands in the log, within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "script/driver.h"

static char logged[1 << 18];

/* Everything that is logged while the script answers once. */
static const char *
log_of(const char *script, const char *body)
{
    char path[] = "/tmp/replyd-report-XXXXXX";
    int fd = mkstemp(path), err = dup(2);
    ssize_t n;

    assert_true(fd >= 0 && err >= 0);
    unlink(path);
    driver_open(script);
    rd_log_set(RD_LOG_DEBUG, RD_LOG_LOGFMT);
    dup2(fd, 2);
    driver_ask(body);
    driver_close();
    dup2(err, 2);
    close(err);
    n = pread(fd, logged, sizeof logged - 1, 0);
    close(fd);
    logged[n > 0 ? n : 0] = '\0';
    return logged;
}

static unsigned
count(const char *text, const char *what)
{
    unsigned n = 0;

    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
        n++;
    return n;
}

static void
an_error_is_logged_with_traceback_and_source_lines(void **state)
{
    const char *log = log_of("local function price(item)\n"
                             "  return item.tax + 1\n"
                             "end\n"
                             "return function(msg)\n"
                             "  local p = price({ name = msg.body })\n"
                             "  return p\n"
                             "end", "tea");

    (void)state;
    assert_int_equal(count(log, "event=script_failed"), 1);
    assert_non_null(strstr(log, "sid=SM1"));
    assert_non_null(strstr(log, "outcome=error"));
    assert_non_null(strstr(log, "scripts/bot.lua:2: attempt to perform arithmetic on a nil value "
                                "(field 'tax')"));
    assert_non_null(strstr(log, "scripts/bot.lua:2: in 'price': return item.tax + 1"));
    assert_non_null(strstr(log, "local p = price({ name = msg.body })"));
    assert_null(strstr(log, "tea"));    /* what a stranger wrote is not in it */
}

static void
a_misspelt_global_is_logged_with_the_one_that_was_meant(void **state)
{
    (void)state;
    assert_non_null(strstr(log_of("return function() pritn('x') end", ""),
                           "a nil value (global 'pritn'): did you mean 'print'?"));
    assert_non_null(strstr(log_of("return function() reply.sleep(1) end", ""),
                           "a nil value (global 'reply'): did you mean 'replyd'?"));
    assert_null(strstr(log_of("return function() frobnicate() end", ""), "did you mean"));
}

static void
what_a_handler_returned_is_logged_with_its_function(void **state)
{
    (void)state;
    assert_non_null(strstr(log_of("\nreturn function()\n\n  return nil, 'oops'\nend", ""),
                           "error=\"oops\\n  scripts/bot.lua: in what the function of line 2 "
                           "returned\""));
    assert_non_null(strstr(log_of("\nreturn function()\n\n  return print\nend", ""),
                           "error=\"scripts/bot.lua: in what the function of line 2 returned: "
                           "cannot answer with a function: "));
    assert_null(strstr(log_of("return function() error('oops') end", ""), "returned"));
    assert_int_equal(count(log_of("return { message = function() return nil, 'a' end,\n"
                                  "error = function() error('second') end }", ""),
                           "returned"), 1);
}

static void
values_without_a_text_are_logged_without_an_address(void **state)
{
    const char *log = log_of("return function()\n"
                             "  print({}, print, nil) replyd.log.info({}, { t = {} })\n"
                             "  print(setmetatable({}, { __tostring = function() return 'own' end "
                             "}))\n"
                             "  error({ code = 5 })\nend", "");

    (void)state;
    assert_null(strstr(log, "0x"));
    assert_non_null(strstr(log, "msg=\"a table\\ta function\\tnil\""));
    assert_non_null(strstr(log, "msg=\"a table\" t=\"a table\""));
    assert_non_null(strstr(log, "msg=own"));
    assert_non_null(strstr(log, "error=\"an error that is a table (give it __tostring, or raise a "
                                "string)\\n"));
    assert_non_null(strstr(log, "scripts/bot.lua:4: in "));
    assert_non_null(strstr(log_of("return function() error(print) end", ""),
                           "error=\"an error that is a function\\n"));
}

/* Fifty coroutines that fail leave room for the handler's line; that some are missing is said. */
static void
more_failures_than_are_logged_are_told(void **state)
{
    int64_t before = rd_metric_get(RD_METRIC_handler_failures_total,
                                   rd_metric_outcome(RD_KIND_MESSAGE, RD_OUTCOME_error));
    const char *log = log_of("return function()\n"
                             "  for i = 1, 50 do replyd.spawn(function() error('child') end) end\n"
                             "  replyd.sleep(0.001) error('own') end", "");

    (void)state;
    assert_int_equal(count(log, "event=script_failed"), 1);
    assert_in_range(count(log, "event=coroutine_failed"), 10, 20);
    assert_in_range(count(log, "event=failures_not_logged"), 1, 2);
    assert_int_equal(rd_metric_get(RD_METRIC_handler_failures_total,
                                   rd_metric_outcome(RD_KIND_MESSAGE, RD_OUTCOME_error)) - before,
                     51);
}

static void
an_error_in_the_close_of_a_cancelled_one_is_logged(void **state)
{
    const char *log = log_of("local function guard(v)\n"
                             "  return setmetatable({}, { __close = function() error(v) end })\n"
                             "end\n"
                             "return function()\n"
                             "  for _, v in ipairs{ 'in close', {} } do\n"
                             "    replyd.race{ function() local a <close> = guard(v)\n"
                             "      replyd.sleep(60) end, function() end } end\n"
                             "  replyd.sleep(0.001) end", "");

    (void)state;
    assert_int_equal(count(log, "event=close_failed"), 2);
    assert_non_null(strstr(log, "error=\"scripts/bot.lua:2: in close\""));
    assert_non_null(strstr(log, "error=\"an error that is no text\""));
}

static void
a_pattern_that_is_too_complex_says_what_to_do(void **state)
{
    (void)state;
    assert_non_null(strstr(log_of("return function()\n"
                                  "  return (('x'):rep(300)):match(('x?'):rep(300)) end", ""),
                           "pattern too complex: "));
}

static void
who_keeps_all_others_waiting_is_told_what_to_do(void **state)
{
    const char *log;

    (void)state;
    driver_limits.cpu_limit_ns = 3600 * RD_SECOND;
    log = log_of("return function() table.sort({2, 1}, function() while true do end end) end", "");
    driver_limits.cpu_limit_ns = 500 * RD_MS;
    assert_non_null(strstr(log, "no other handler can run: do less at a time there"));
}

static void
lines_of_a_script_carry_the_message_and_fields(void **state)
{
    const char *log = log_of("return function() replyd.log.warn('low', { stock = 3, ok = false })\n"
                             "print('a', 1, nil) replyd.log.debug('d') replyd.log.error('e') end",
                             "");

    (void)state;
    assert_non_null(strstr(log, "level=warn event=script sid=SM1"));
    assert_non_null(strstr(log, "msg=low"));
    assert_non_null(strstr(log, "stock=3"));
    assert_non_null(strstr(log, "ok=false"));
    assert_non_null(strstr(log, "level=debug"));
    assert_non_null(strstr(log, "level=error"));
    assert_int_equal(count(log, "event=script "), 4);
}

static void
beyond_the_limit_lines_are_only_counted(void **state)
{
    const char *log = log_of("return function() for i = 1, 250 do print(i) end end", "");

    (void)state;
    assert_int_equal(count(log, "event=script "), 100);
    assert_int_equal(count(log, "event=script_log_limit"), 1);
    assert_non_null(strstr(log, "dropped=150"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_logged_with_traceback_and_source_lines),
        cmocka_unit_test(a_misspelt_global_is_logged_with_the_one_that_was_meant),
        cmocka_unit_test(what_a_handler_returned_is_logged_with_its_function),
        cmocka_unit_test(values_without_a_text_are_logged_without_an_address),
        cmocka_unit_test(more_failures_than_are_logged_are_told),
        cmocka_unit_test(an_error_in_the_close_of_a_cancelled_one_is_logged),
        cmocka_unit_test(a_pattern_that_is_too_complex_says_what_to_do),
        cmocka_unit_test(who_keeps_all_others_waiting_is_told_what_to_do),
        cmocka_unit_test(lines_of_a_script_carry_the_message_and_fields),
        cmocka_unit_test(beyond_the_limit_lines_are_only_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
