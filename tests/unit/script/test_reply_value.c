/* The table "The answer is the return value" of the Lua API, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "script/driver.h"

static const struct {
    const char *value, *text;    /* text: bodies joined by "|"; "!": an error that holds the rest */
} rows[] = {
    { "nil", "" },
    { "false", "" },
    { "''", "" },
    { "{}", "" },
    { "{ body = '' }", "" },
    { "'  '", "  " },
    { "'hi'", "hi" },
    { "42", "42" },
    { "4.5", "4.5" },
    { "{ body = 'hi' }", "hi" },
    { "{ body = 7 }", "7" },
    { "{ media = 'http://x/y.jpg' }", "" },
    { "{ 'a', 'b' }", "a|b" },
    { "{ 'a', nil, 'c', false, '' }", "a|c" },
    { "{ [3] = 'c', [1] = 'a' }", "a|c" },
    { "{ 'a', { body = 'b' }, 3 }", "a|b|3" },
    { "replyd.json.decode('[\"a\",\"b\"]')", "a|b" },
    { "replyd.json.decode('[]')", "" },
    { "replyd.redirect('http://x/')", "->http://x/" },
    { "{ 'a', replyd.redirect('http://x/', { method = 'GET' }) }", "a->http://x/" },
    { "('x'):rep(60000)", NULL },
    { "nil, 'it failed'", "!it failed" },
    { "false, 'it failed'", "!it failed" },
    { "replyd.debug.fail('dns', 3, 'no such host')", "!no such host" },
    { "'fine', 'ignored'", "fine" },
    { "true", "!scripts/bot.lua: in what the function of line 1 returned: cannot answer "
      "with a boolean" },
    { "print", "!line 1 returned: cannot answer with a function" },
    { "coroutine.create(print)", "!cannot answer with a thread" },
    { "replyd.json.null", "!cannot answer with json.null" },
    { "{ 'a', body = 'b' }", "!a table is a list or a message, not both" },
    { "{ body = 'b', [1] = 'a' }", "!a table is a list or a message, not both" },
    { "{ {} , 'a' }", "!a message needs 'body' or 'media'" },
    { "{ { 'a' } }", "!a list of messages holds a list (at 1)" },
    { "{ text = 'x' }", "!a message has no 'text': did you mean 'body'?" },
    { "{ bdy = 'x' }", "!a message has no 'bdy': did you mean 'body'?" },
    { "{ to = '+1' }", "!a message needs 'body' or 'media'" },
    { "{ body = {} }", "!'body' must be a string, not a table" },
    { "{ body = 'x', to = true }", "!'to' must be a string, not a boolean" },
    { "{ body = 'x', media = 5 }", "!'media' must be a URL or a list of URLs" },
    { "{ body = 'x', media = { '' } }", "!not an empty string" },
    { "{ 1,2,3,4,5,6,7,8,9,10 }", "1|2|3|4|5|6|7|8|9|10" },
    { "{ 1,2,3,4,5,6,7,8,9,10,11 }", "!more than 10 messages" },
    { "{ media = load('local t = {} for i = 1, 11 do t[i] = \"http://x/\" end return t')() }",
      "!more than 10 media" },
    { "'\\1\\2'", "" },
    { "{ 'a', '\\1', { body = '\\u{FFFF}\\u{D800}' } }", "a" },
    { "'a\\1'", "a\1" },
    { "{ body = '\\1', media = 'HTTPS://x/y.jpg' }", "" },
    { "{ body = 'x', tag = 5 }", "x" },
    { "{ body = 'x', method = 'PUT' }", "!line 1 returned: 'method' must be \"GET\" or "
      "\"POST\"" },
    { "{ body = 'x', action = '/x\\ny' }", "!line 1 returned: 'action' must be an http://" },
    { "{ body = 'x', status_callback = 'a b' }",
      "!line 1 returned: 'status_callback' must be an http:// or https:// URL" },
    { "{ body = 'x', status_callback = 'foo' }", "!'status_callback' must be an http:// or" },
    { "{ body = 'x', status_callback = 'ftp://x/y' }", "!'status_callback' must be an http:// or" },
    { "{ body = 'x', status_callback = '/status?a=b:c' }", "x" },
    { "{ body = 'x', status_callback = 'https://x/y' }", "x" },
    { "{ body = 'x', action = 'mailto:a@b' }", "!'action' must be an http:// or https:// URL" },
    { "{ body = 'x', action = 'next' }", "x" },
    { "{ body = 'x', to = 5 }", "!line 1 returned: 'to' must be a string, not a number" },
    { "{ body = 'x', from = '+1\\n' }", "!line 1 returned: 'from' must be an address" },
    { "{ media = 'cat.jpg' }", "!line 1 returned: 'media' must be http:// or https:// URLs" },
    { "{ media = { 'ftp://x/' } }", "!line 1 returned: 'media' must be http:// or https:// URLs" },
    { "{ media = 'http://x/ y' }", "!line 1 returned: 'media' must be http:// or https:// URLs" },
    { "replyd.redirect('/x\\ny')", "!a URL has no blanks" },
    { "replyd.redirect('ftp://x/y')", "!a URL begins with http:// or https://, or is relative" },
    { "replyd.redirect('http:x')", "!a URL begins with http:// or https://, or is relative" },
    { "replyd.redirect('/a:b')", "->/a:b" },
    { "replyd.redirect('../next?u=http://x/')", "->../next?u=http://x/" },
    { "replyd.redirect('next')", "->next" },
    { "('x'):rep(64001)", "!longer than 64 kB" },
    { "{ replyd.redirect('http://x/'), 'a' }", "!a redirect can only be the last" },
};

static void
check_row(const char *value, const char *text)
{
    char script[512];
    bool error = text != NULL && text[0] == '!';

    snprintf(script, sizeof script,
             "return { message = function(msg) return %s end, "
             "error = function(err) return tostring(err) end }", value);
    driver_once(script, "");
    if (error != (driver_last.outcome == RD_OUTCOME_error))
        fail_msg("%s: outcome %s, %s", value, rd_outcome_name(driver_last.outcome),
                 driver_last.text);
    if (text == NULL)
        return;
    if (error ? strstr(driver_last.text, text + 1) == NULL : strcmp(driver_last.text, text) != 0)
        fail_msg("%s: expected %s, got %s", value, text, driver_last.text);
}

static void
each_row_of_the_table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(rows[i].value, rows[i].text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_of_the_table_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
