/* Our patches of Lua: patterns that a stranger's text would run for hours end, honest ones work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lua.h>
#include <lua_replyd.h>
#include <lualib.h>

static int checks, checks_allowed;

static void
count_and_stop(lua_State *L)
{
    if (++checks > checks_allowed)
        luaL_error(L, "over budget");
}

static int
open_lua(void **state)
{
    lua_State *L = luaL_newstate();

    luaL_openlibs(L);
    *state = L;
    lua_stepcheck = NULL;
    return 0;
}

static int
close_lua(void **state)
{
    lua_close(*state);
    lua_stepcheck = NULL;
    return 0;
}

/* Runs a chunk; its first result as a string, or its error message. */
static const char *
run(void **state, const char *chunk)
{
    lua_State *L = *state;

    lua_settop(L, 0);
    (void)luaL_dostring(L, chunk);
    return luaL_tolstring(L, -1, NULL);
}

static void
a_pattern_that_would_run_for_hours_is_refused(void **state)
{
    static const char *const chunks[] = {
        "return (('a@'):rep(800)):find('.-@.-%.com')",
        "return (('a'):rep(640)):find('.-.-.-b')",
        "return (('a'):rep(26)):find(('a-'):rep(25) .. 'b')",
        "return ((' '):rep(1600)):match('^(.*)%s(.*)%s(.*)%s(.*)!$')",
        "return (('('):rep(65536)):find('%b()')",
        "return (('a'):rep(65536)):find('(.*)%1b')",
        "return (('a'):rep(640)):gsub('.-.-.-b', '')",
        "for w in (('a'):rep(640)):gmatch('.-.-.-b') do end",
        "return (('a'):rep(2^22)):find(('a'):rep(2^21) .. 'b', 1, true)",
    };

    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++)
        assert_non_null(strstr(run(state, chunks[i]), "pattern too complex"));
}

static void
honest_patterns_work_on_long_texts(void **state)
{
    assert_string_equal(run(state, "return (('a'):rep(1600)):find('.-b')"), "nil");
    assert_string_equal(run(state, "return (select(2, (('ab '):rep(1e6)):gsub('%s+', '')))"),
        "1000000");
    assert_string_equal(run(state, "return (('a'):rep(2^22) .. 'b'):find('b$')"), "4194305");
    assert_string_equal(run(state, "return (('me@example.org'):match('^([%w.]+)@([%w.]+)$'))"),
        "me");
}

static void
a_call_begins_with_all_its_steps(void **state)
{
    assert_string_equal(run(state,
        "local s, n = ('a'):rep(1600), 0\n"
        "for i = 1, 50 do n = n + (s:find('.-b') and 1 or 0) end\n"
        "for w in (('ab '):rep(1e6)):gmatch('%a+') do n = n + 1 end\n"
        "return n"), "1000000");
}

static void
the_host_is_asked_and_can_end_a_match(void **state)
{
    lua_stepcheck = count_and_stop;
    checks = 0;
    checks_allowed = 3;
    assert_non_null(strstr(run(state, "return (('a'):rep(640)):find('.-.-.-b')"), "over budget"));
    assert_int_equal(checks, 4);

    /* ... and under pcall, where the next match asks again */
    checks = 0;
    assert_non_null(strstr(run(state,
        "local f = function() return (('a'):rep(640)):find('.-.-.-b') end\n"
        "pcall(f) pcall(f) return select(2, pcall(f))"), "over budget"));
    assert_int_equal(checks, 6);
}

static void
a_short_match_does_not_ask_the_host(void **state)
{
    lua_stepcheck = count_and_stop;
    checks = 0;
    checks_allowed = 0;
    assert_string_equal(run(state, "return ('hello world'):match('%a+')"), "hello");
    assert_int_equal(checks, 0);
}

/* Loops in C over a table, a string or a source ask, too. */
static void
long_loops_ask_the_host(void **state)
{
    static const char *const chunks[] = {
        "local t = {} for i = 1, 2^16 do t[i] = i * 7919 % 65536 end table.sort(t)",
        "table.concat(setmetatable({}, {__index = rawlen}), '', 1, 2^53)",
        "table.insert(setmetatable({}, {__len = function() return 2^53 | 0 end}), 1, 1)",
        "table.remove(setmetatable({}, {__len = function() return 2^53 | 0 end}), 1)",
        "table.move({}, 1, 2^53, 2)",
        "load(('a = 1 '):rep(2^16))",
        "load('return a' .. (' or a'):rep(2^12))",
        "string.pack(('x'):rep(2^16))",
        "string.packsize(('b'):rep(2^16))",
        "string.unpack(('x'):rep(2^16), ('x'):rep(2^16))",
        "string.format(('%%'):rep(2^16))",
        "utf8.len(('x'):rep(2^16))",
        "return ('x'):rep(2^23)",
        "return ('x'):rep(2^10):rep(2^10):upper()",
        "return ('X'):rep(2^10):rep(2^10):lower()",
        "return ('x'):rep(2^10):rep(2^10):reverse()",
        "return (('x'):rep(2^10):gsub('x', ('y'):rep(2^13)))",
        "return (('x'):rep(2^10):gsub('x', { x = ('y'):rep(2^13) }))",
        "return utf8.offset(('x'):rep(2^10):rep(2^10), 2^20)",
        "return utf8.offset(('x'):rep(2^10):rep(2^10), -2^20)",
        "return utf8.offset(('\\x80'):rep(2^10):rep(2^10), 0, 2^20)",
        "return utf8.codes('a')(('\\x80'):rep(2^10):rep(2^10), 1)",
        "return tonumber(('0'):rep(2^10):rep(2^10), 10)",
        "return ('x'):find(('\\0'):rep(2^10):rep(2^10))",
    };

    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        checks = 0;
        lua_stepsleft = LUA_LOOP_CHUNK;
        checks_allowed = 1 << 30;
        lua_stepcheck = count_and_stop;
        if (strstr(chunks[i], "2^53") != NULL)
            checks_allowed = 3;
        run(state, chunks[i]);
        print_message("  %d: %s\n", checks, chunks[i]);
        assert_true(checks > 0);
    }
}

static void
nothing_repeated_often_is_nothing(void **state)
{
    assert_string_equal(run(state, "return (''):rep(1 << 62) .. (''):rep(1 << 62, '')"), "");
    assert_string_equal(run(state, "return (''):rep(3, ',')"), ",,");
}

/* A chain of 2,000 weak-keyed entries in a bad order: kept while it is reachable, then not. */
static void
chains_through_weak_keys_are_kept_and_end(void **state)
{
    assert_string_equal(run(state,
        "local n, k, w = 2000, {}, setmetatable({}, {__mode = 'k'})\n"
        "for i = 1, n do k[i] = {} end\n"
        "for i = n, 2, -1 do local j = i * 7919 % i + 1 k[i], k[j] = k[j], k[i] end\n"
        "for i = 1, n - 1 do w[k[i]] = k[i + 1] end\n"
        "local head, left = k[1], 0 k = nil collectgarbage()\n"
        "for _ in pairs(w) do left = left + 1 end\n"
        "head = nil collectgarbage() collectgarbage()\n"
        "return left .. ' ' .. tostring(next(w))"), "1999 nil");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pattern_that_would_run_for_hours_is_refused, open_lua,
            close_lua),
        cmocka_unit_test_setup_teardown(honest_patterns_work_on_long_texts, open_lua, close_lua),
        cmocka_unit_test_setup_teardown(a_call_begins_with_all_its_steps, open_lua, close_lua),
        cmocka_unit_test_setup_teardown(the_host_is_asked_and_can_end_a_match, open_lua,
            close_lua),
        cmocka_unit_test_setup_teardown(a_short_match_does_not_ask_the_host, open_lua, close_lua),
        cmocka_unit_test_setup_teardown(long_loops_ask_the_host, open_lua, close_lua),
        cmocka_unit_test_setup_teardown(nothing_repeated_often_is_nothing, open_lua, close_lua),
        cmocka_unit_test_setup_teardown(chains_through_weak_keys_are_kept_and_end, open_lua,
            close_lua),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
