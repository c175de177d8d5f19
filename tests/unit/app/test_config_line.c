/* test_config_line.c - the line of a value in a file as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/config_line.h"

static const char source[] =
    "-- deadline = 1, in a comment {\n"                       /* 1 */
    "local x = { deadline = 2 } --[[ return { deadline = 3\n" /* 2 */
    "]] local s = [[ return { ]]\n"                           /* 3 */
    "return {\n"                                              /* 4 */
    "  listen = { 'http://a',\n"                              /* 5 */
    "    \"http://b }\" },\n"                                 /* 6 */
    "  log = { format = 'json'; level =\n"                    /* 7 */
    "    'info' },\n"                                         /* 8 */
    "  accounts = { ['AC1'] = {\n"                            /* 9 */
    "      auth_token = env 'T' } },\n"                       /* 10 */
    "  routes = {\n"                                          /* 11 */
    "    { path = '/a' },\n"                                  /* 12 */
    "    { script = x == 1 and 'b' or 'c',\n"                 /* 13 */
    "      to = '+1' },\n"                                    /* 14 */
    "  },\n"                                                  /* 15 */
    "  deadline = '8s',\n"                                    /* 16 */
    "}\n";

static void
test_values_are_found(void **state)
{
    static const struct { const char *path; unsigned line; } cases[] = {
        { "deadline", 16 }, { "listen", 5 }, { "listen[1]", 5 }, { "listen[2]", 6 },
        { "log.level", 7 }, { "log", 7 }, { "accounts.AC1", 9 }, { "accounts.AC1.auth_token", 10 },
        { "routes[1]", 12 }, { "routes[2].script", 13 }, { "routes[2].to", 14 },
        { "routes[2].nothing", 13 }, { "routes[3]", 11 },
        { "nothing", 0 }, { "dead", 0 }, { "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned line = rd_config_line(rd_slice_str(source), cases[i].path);

        if (line != cases[i].line)
            fail_msg("%s: line %u, not %u", cases[i].path, line, cases[i].line);
    }
}

/* Every beginning of the file: no reading past its end (ASan looks on), no endless loop. */
static void
test_broken_files_do_no_harm(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof source; n++)
        (void)rd_config_line(rd_slice_make(source, n), "routes[2].to");
    assert_int_equal(rd_config_line(RD_LIT("return {{{{{{{{{{{{{{{{{{{{"), "a"), 0);
    assert_int_equal(rd_config_line(RD_LIT("return f()"), "a"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_found),
        cmocka_unit_test(test_broken_files_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
