/* test_assigned.c - which assignments to file-level locals are found, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "app/assigned.h"

static struct rd_buf out;

static const char *
find(const char *source)
{
    rd_buf_reset(&out);
    rd_assigned_find(RD_LIT("bot.lua"), rd_slice_str(source), &out);
    rd_buf_put_char(&out, 0);
    return out.p;
}

static void
test_an_assignment_in_a_handler_is_found(void **state)
{
    (void)state;
    assert_string_equal(find("local count = 0\n"
                             "local other = 0\n"
                             "return function(msg)\n"
                             "  local mine = 1\n"
                             "  mine = 2\n"
                             "  count = count + 1\n"
                             "end\n"),
        "bot.lua:6: count is a file-level local and assigned in a function: it exists once per"
        " script thread, and ends at a reload\n");
}

static void
test_also_through_nested_functions(void **state)
{
    (void)state;
    find("local a, b\n"
         "return { keywords = { x = function()\n"
         "  local function inner() local b = 1\n"
         "    return function() a, b = 1, 2 end\n"
         "  end\n"
         "  return inner() end } }\n");
    assert_non_null(strstr(out.p, "bot.lua:4: a is"));
    assert_null(strstr(out.p, "b is"));
}

static void
test_what_is_no_such_assignment(void **state)
{
    (void)state;
    assert_string_equal(find("local t = {}\n"
                             "local function f(n) if n > 0 then return f(n - 1) end end\n"
                             "t.x = 1\n"
                             "local once = 1\n"
                             "once = 2\n"
                             "return function(msg) t.y = f(3) local t = once t = 2 end\n"), "");
    assert_string_equal(find("this is not Lua"), "");
    assert_string_equal(find(""), "");
}

/* A function long enough that its line table has absolute entries. */
static void
test_lines_of_long_functions(void **state)
{
    char source[64 * 1024] = "local v\nreturn function()\n  local x = 0\n";

    (void)state;
    for (int i = 0; i < 400; i++)
        strcat(source, "  x = x + 1\n");
    strcat(source, "\n\n\n\n");
    for (int i = 0; i < 200; i++)
        strcat(source, "\n");
    strcat(source, "  v = x\nend\n");    /* line 3 + 400 + 204 + 1 */
    assert_non_null(strstr(find(source), "bot.lua:608: v is"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_assignment_in_a_handler_is_found),
        cmocka_unit_test(test_also_through_nested_functions),
        cmocka_unit_test(test_what_is_no_such_assignment),
        cmocka_unit_test(test_lines_of_long_functions),
    };

    rd_buf_init(&out, 1 << 20);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
