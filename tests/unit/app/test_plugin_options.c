/* test_plugin_options.c - option rows of plugins join the schema; this file brings the plugins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "app/config_help.h"
#include "app/options.h"

static const struct rd_option_row rows[] = {
    { "size", RD_OPTION_SIZE, "\"1KiB\"", 1, 1 << 20, "Bytes of something." },
    { "tea.name", RD_OPTION_STRING, "\"green\"", 0, 0, "Its name, written with the prefix." },
    { "wait", RD_OPTION_DURATION, "nil", 0, 0, "No default." },
    { NULL, RD_OPTION_BOOL, NULL, 0, 0, NULL },
};

static const struct rd_plugin tea = { .abi = RD_PLUGIN_ABI, .name = "tea", .options = rows };

/* In place of the generated table. */
const struct rd_plugin *const rd_plugins[] = { &tea, NULL };

static const struct rd_plugin_value *
value(const char *text, const char *key)
{
    struct rd_config *c = config_help_load(text);

    if (c == NULL)
        fail_msg("%s", config_help_errors);
    return rd_config_plugin_value(c, rd_slice_str(key));
}

static void
test_defaults_and_values(void **state)
{
    (void)state;
    assert_int_equal(value(BASE, "tea.size")->number, 1024);
    assert_string_equal(value(BASE, "tea.name")->text.p, "green");
    assert_null(value(BASE, "tea.wait"));
    assert_null(value(BASE, "tea.nothing"));
    assert_int_equal(value(BASE "tea = { size = '2KiB' }", "tea.size")->number, 2048);
    assert_string_equal(value(BASE "tea = { name = 'black' }", "tea.name")->text.p, "black");
    assert_int_equal(value(BASE "tea = { wait = '3s' }", "tea.wait")->number, 3000);
}

static void
test_mistakes_are_told_like_those_of_the_core(void **state)
{
    (void)state;
    assert_null(config_help_load(BASE "\ntea = { siz = 1 }"));
    assert_string_equal(config_help_errors,
                        "replyd.lua:2: tea.siz: unknown key, did you mean size?\n");
    assert_null(config_help_load(BASE "tea = { size = '2MiB' }"));
    assert_non_null(strstr(config_help_errors, "tea.size: expected a size"));
    assert_null(config_help_load(BASE "tee = {}"));
    assert_non_null(strstr(config_help_errors, "did you mean tea?"));
    assert_non_null(rd_option_find("tea.size"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, config_help_setup, config_help_teardown)
        T(test_defaults_and_values),
        T(test_mistakes_are_told_like_those_of_the_core),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
