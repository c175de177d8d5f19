/* A collection through weak keys is one piece, beside which nobody runs: a few passes at most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>

#include "base/clock.h"

#define TRIES 5

/* Tables of one chain each, in an order that no pass goes along. */
static const char chains[] =
    "local tables, n = ...\n"
    "local all = {}\n"
    "for t = 1, tables do\n"
    "  local k, w = {}, setmetatable({}, { __mode = 'k' })\n"
    "  for i = 1, n do k[i] = {} end\n"
    "  for i = n, 2, -1 do local j = i * 7919 % i + 1 k[i], k[j] = k[j], k[i] end\n"
    "  for i = 1, n - 1 do w[k[i]] = k[i + 1] end\n"
    "  all[t] = { w, k[1] }\n"
    "end\n"
    "kept = all\n"
    "function strong() for _, t in ipairs(all) do setmetatable(t[1], nil) end end\n"
    "function left() local n = 0\n"
    "  for _, t in ipairs(all) do for _ in pairs(t[1]) do n = n + 1 end end return n end\n"
    "function forget() for _, t in ipairs(all) do t[2] = nil end end\n";

static uint64_t
collector_least_ns(lua_State *L)
{
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        uint64_t start = rd_clock_cpu_ns(), took;

        lua_gc(L, LUA_GCCOLLECT);
        took = rd_clock_cpu_ns() - start;
        least = took < least ? took : least;
    }
    return least;
}

static lua_State *
collector_build(int tables, int n)
{
    lua_State *L = luaL_newstate();

    luaL_openlibs(L);
    assert_int_equal(luaL_loadstring(L, chains), LUA_OK);
    lua_pushinteger(L, tables);
    lua_pushinteger(L, n);
    assert_int_equal(lua_pcall(L, 2, 0, 0), LUA_OK);
    return L;
}

static int
collector_call(lua_State *L, const char *function)
{
    int n;

    lua_getglobal(L, function);
    assert_int_equal(lua_pcall(L, 0, 1, 0), LUA_OK);
    n = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return n;
}

static void
a_wide_chain_takes_little_longer_than_a_strong_table(void **state)
{
    static const int sizes[][2] = { { 1, 100000 }, { 10, 30000 }, { 150, 1000 } };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        lua_State *L = collector_build(sizes[i][0], sizes[i][1]);
        uint64_t weak = collector_least_ns(L), strong;

        collector_call(L, "strong");
        strong = collector_least_ns(L);
        print_message("  %d times %d: %.1f ms, strong: %.1f\n", sizes[i][0], sizes[i][1],
                      (double)weak / 1e6, (double)strong / 1e6);
        assert_true(weak < 6 * strong);
        lua_close(L);
    }
}

static void
it_is_kept_while_it_is_reachable_and_then_not(void **state)
{
    static const int sizes[][2] = { { 1, 100000 }, { 3, 1000 }, { 150, 1000 } };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        lua_State *L = collector_build(sizes[i][0], sizes[i][1]);

        lua_gc(L, LUA_GCCOLLECT);
        assert_int_equal(collector_call(L, "left"), sizes[i][0] * (sizes[i][1] - 1));
        collector_call(L, "forget");
        lua_gc(L, LUA_GCCOLLECT);
        lua_gc(L, LUA_GCCOLLECT);
        assert_int_equal(collector_call(L, "left"), 0);
        lua_close(L);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wide_chain_takes_little_longer_than_a_strong_table),
        cmocka_unit_test(it_is_kept_while_it_is_reachable_and_then_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
