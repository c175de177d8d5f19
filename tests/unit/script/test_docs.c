/* Everything that scripts can call is described. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "script/driver.h"

static unsigned rows_seen;

static void
check_row(const char *table, const struct rd_lua_fn *row, void *arg)
{
    size_t n;

    (void)arg;
    rows_seen++;
    if (row->signature == NULL || strstr(row->signature, row->name) == NULL)
        fail_msg("%s.%s has no signature", table, row->name);
    n = row->sentence != NULL ? strlen(row->sentence) : 0;
    if (n < 15 || row->sentence[n - 1] != '.')
        fail_msg("%s.%s has no sentence", table, row->name);
}

static void
each_row_has_a_signature_and_a_sentence(void **state)
{
    (void)state;
    driver_open("return function() end");
    rd_script_each_row(check_row, NULL);
    assert_true(rows_seen >= 20);
    driver_close();
}

static void
describe(const char *table, const struct rd_lua_fn *row, void *arg)
{
    char *text = arg;

    if (strcmp(table, "msg") != 0 && strcmp(table, "return") != 0)
        snprintf(text + strlen(text), 4000 - strlen(text), "[\"%s%s%s\"] = true,",
                 table, table[0] != '\0' ? "." : "", row->name);
}

/* A function that a table of replyd holds and no row describes is a failure. */
static void
nothing_is_callable_without_a_row(void **state)
{
    static char rows[4100], script[5000];

    (void)state;
    driver_open("return function() end");
    rd_script_each_row(describe, rows);
    driver_close();
    snprintf(script, sizeof script,
             "local known = { %s }\n"
             "return function()\n"
             "  local function walk(t, prefix) for k, v in pairs(t) do\n"
             "    if type(v) == 'table' then walk(v, prefix .. k .. '.')\n"
             "    elseif not known[prefix .. k] then error('no row: ' .. prefix .. k, 0) end\n"
             "  end end\n"
             "  walk(replyd, '') return 'all' end", rows);
    assert_string_equal(driver_once(script, ""), "all");
}

static void
each_plugin_and_its_options_have_a_sentence(void **state)
{
    (void)state;
    for (unsigned i = 0; rd_plugins[i] != NULL; i++) {
        const struct rd_option_row *o = rd_plugins[i]->options;

        assert_int_equal(rd_plugins[i]->abi, RD_PLUGIN_ABI);
        assert_true(strlen(rd_plugins[i]->sentence) > 15);
        for (; o != NULL && o->key != NULL; o++)
            assert_true(o->sentence != NULL && strlen(o->sentence) > 15);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_has_a_signature_and_a_sentence),
        cmocka_unit_test(nothing_is_callable_without_a_row),
        cmocka_unit_test(each_plugin_and_its_options_have_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
