/* A run ends with the outcome that its handler earned, and the worker serves on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "script/driver.h"

static void
expect(const char *script, const char *body, enum rd_outcome outcome, const char *text)
{
    driver_once(script, body);
    assert_string_equal(rd_outcome_name(driver_last.outcome), rd_outcome_name(outcome));
    assert_string_equal(driver_last.text, text);
}

static void
a_handler_answers(void **state)
{
    (void)state;
    expect("return function(msg) return 'Got: ' .. msg.body end", "hi", RD_OUTCOME_ok, "Got: hi");
}

static void
nothing_to_say_is_empty(void **state)
{
    (void)state;
    expect("return function() end", "", RD_OUTCOME_empty, "");
    expect("return function() return nil end", "", RD_OUTCOME_empty, "");
    expect("return function() return false end", "", RD_OUTCOME_empty, "");
    expect("return function() return '' end", "", RD_OUTCOME_empty, "");
    expect("return { status = function() end }", "", RD_OUTCOME_empty, "");
}

static void
an_error_is_an_error(void **state)
{
    (void)state;
    expect("return function() error('no') end", "", RD_OUTCOME_error, "");
    expect("return function() error() end", "", RD_OUTCOME_error, "");
    expect("return function() error({}) end", "", RD_OUTCOME_error, "");
    expect("return function() local x = nil; return x.y.z end", "", RD_OUTCOME_error, "");
    expect("return function() return nil, 'failed' end", "", RD_OUTCOME_error, "");
    expect("return function() return print end", "", RD_OUTCOME_error, "");
}

static void
the_error_handler_gets_error_and_message_and_may_reply(void **state)
{
    (void)state;
    expect("return { message = function() error('no', 0) end,\n"
           "error = function(err, msg) return err .. '/' .. msg.body end }",
           "hi", RD_OUTCOME_error, "no/hi");
    assert_true(driver_last.by_error_handler);
    expect("return { message = function() error({code = 7}) end,\n"
           "error = function(err) return err.code end }",
           "hi", RD_OUTCOME_error, "7");
    expect("return { message = function() error('no') end, error = function() error('worse') end }",
           "hi", RD_OUTCOME_error, "");
    assert_false(driver_last.by_error_handler);
}

static void
a_cancelled_error_handler_leaves_the_outcome_as_it_was(void **state)
{
    struct driver_run *r;

    (void)state;
    driver_open("return { message = function(m) if m.body == 'bad' then error('no') end end,\n"
                "error = function() replyd.sleep(60) return 'sorry' end }");
    r = driver_start("bad");
    driver_ask("");
    driver_ask("");    /* its `error` handler sleeps now */
    assert_int_equal(r->failed, RD_OUTCOME_error);
    driver_cancel(r);
    driver_wait(r);
    assert_int_equal(r->outcome, RD_OUTCOME_error);
    assert_string_equal(r->text, "");
    free(r);
    driver_close();
}

static void
runs_follow_each_other_on_one_worker(void **state)
{
    char expected[32];

    (void)state;
    driver_open("return function(m) if m.body == 'bad' then error('x') end return m.body end");
    for (int i = 0; i < 300; i++) {
        snprintf(expected, sizeof expected, "m%d", i);
        assert_string_equal(driver_ask(expected), expected);
        driver_ask("bad");
        assert_int_equal(driver_last.outcome, RD_OUTCOME_error);
    }
    driver_close();
}

static void
many_runs_at_once_end_each_with_its_own_answer(void **state)
{
    struct driver_run *runs[500];
    char body[500][16];

    (void)state;
    driver_open("return function(msg) replyd.sleep(0.01) return msg.body end");
    for (int i = 0; i < 500; i++) {
        snprintf(body[i], sizeof body[i], "%d", i);
        runs[i] = driver_start(body[i]);
    }
    for (int i = 0; i < 500; i++) {
        assert_string_equal(driver_wait(runs[i])->text, body[i]);
        assert_int_equal(runs[i]->outcome, RD_OUTCOME_ok);
        free(runs[i]);
    }
    driver_close();
}

static void
a_keyword_is_a_function_or_a_value(void **state)
{
    struct rd_slice args;
    struct driver_run *r;
    int hours, menu;

    (void)state;
    driver_open("return { keywords = { hours = 'Mon-Fri', menu = { body = 'Today' },"
                " ['Sign Up'] = function(m) return m.body end } }");
    hours = rd_script_keyword(driver_generation, 0, RD_LIT(""), RD_LIT("Hours? now"), &args);
    assert_true(rd_slice_eq(args, RD_LIT("now")));
    menu = rd_script_keyword(driver_generation, 0, RD_LIT("menu"), RD_LIT("hours"), &args);
    assert_true(menu >= 0 && menu != hours);
    assert_int_equal(rd_script_keyword(driver_generation, 0, RD_LIT(""), RD_LIT("our"), &args), -1);
    r = driver_wait(driver_start_handler(RD_HANDLER_KEYWORD, hours, "Hours?"));
    assert_string_equal(r->text, "Mon-Fri");
    free(r);
    r = driver_wait(driver_start_handler(RD_HANDLER_KEYWORD, menu, "menu"));
    assert_string_equal(r->text, "Today");
    free(r);
    r = driver_wait(driver_start_handler(
        RD_HANDLER_KEYWORD,
        rd_script_keyword(driver_generation, 0, RD_LIT(""), RD_LIT("SIGN  UP me"), &args), "b"));
    assert_string_equal(r->text, "b");
    assert_true(rd_slice_eq(args, RD_LIT("me")));
    free(r);
    driver_close();
}

static void
a_status_handler_s_value_is_ignored(void **state)
{
    struct driver_run *r;

    (void)state;
    driver_open("return { status = function() return print end }");
    assert_true(rd_script_has(driver_generation, 0, RD_HANDLER_STATUS));
    assert_false(rd_script_has(driver_generation, 0, RD_HANDLER_MESSAGE));
    r = driver_wait(driver_start_handler(RD_HANDLER_STATUS, 0, ""));
    assert_int_equal(r->outcome, RD_OUTCOME_empty);
    free(r);
    driver_close();
}

static void
cancelling_a_sleeper_ends_it_at_once(void **state)
{
    struct driver_run *r;

    (void)state;
    driver_open("return function() replyd.sleep(3600) return 'late' end");
    r = driver_start("");
    driver_cancel(r);
    driver_wait(r);
    assert_int_equal(r->outcome, RD_OUTCOME_cancelled);
    assert_string_equal(r->text, "");
    free(r);
    driver_close();
}

static void
stopping_the_worker_cancels_its_runs(void **state)
{
    struct driver_run *r;

    (void)state;
    driver_open("return function() replyd.sleep(3600) end");
    r = driver_start("");
    driver_close();
    assert_true(r->ended);
    assert_int_equal(r->outcome, RD_OUTCOME_cancelled);
    free(r);
}

/* Their ends take many turns of the loop; after the last of them nothing else wakes it. */
static void
a_worker_ends_after_runs_that_end_slowly(void **state)
{
    struct driver_run *runs[50];

    (void)state;
    driver_open("return function()\n"
                "  local x <close> = setmetatable({}, { __close = function()\n"
                "    for i = 1, 20000 do end end })\n"
                "  replyd.sleep(100) end");
    for (unsigned i = 0; i < 50; i++)
        runs[i] = driver_start("");
    driver_wait_queued();
    driver_close();
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(driver_wait(runs[i])->outcome, RD_OUTCOME_cancelled);
        free(runs[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handler_answers),
        cmocka_unit_test(nothing_to_say_is_empty),
        cmocka_unit_test(an_error_is_an_error),
        cmocka_unit_test(the_error_handler_gets_error_and_message_and_may_reply),
        cmocka_unit_test(a_cancelled_error_handler_leaves_the_outcome_as_it_was),
        cmocka_unit_test(runs_follow_each_other_on_one_worker),
        cmocka_unit_test(many_runs_at_once_end_each_with_its_own_answer),
        cmocka_unit_test(a_keyword_is_a_function_or_a_value),
        cmocka_unit_test(a_status_handler_s_value_is_ignored),
        cmocka_unit_test(cancelling_a_sleeper_ends_it_at_once),
        cmocka_unit_test(stopping_the_worker_cancels_its_runs),
        cmocka_unit_test(a_worker_ends_after_runs_that_end_slowly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
