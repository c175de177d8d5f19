/* What a handler is ended for is what it holds, and not the garbage that it left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lua_replyd.h>
#include <lualib.h>

#include "base/clock.h"
#include "script/driver.h"

/* ---- the scale: a thread weighs what is freed when it goes ---------------------------- */

static const char *const holds[] = {
    "local s = ('x'):rep(1000000) wait()",
    "local t = {} for i = 1, 10000 do t[i] = i end wait()",
    "local t = {} for i = 1, 10000 do t[i * 1.5] = { i } end wait()",
    "local t = {} for i = 1, 10000 do t[i] = {} end for i = 1, 9999 do t[i] = nil end wait()",
    "local t = {} for i = 1, 2000 do t[i] = function() return t, i end end wait()",
    "local t = {} for i = 1, 100 do local x = { ('y'):rep(5000) .. i }\n"
    "  t[i] = coroutine.create(function() local y = x wait() return y end)\n"
    "  coroutine.resume(t[i]) end wait()",
    "local w = setmetatable({}, { __mode = 'k' }) local keys = {}\n"
    "for i = 1, 1000 do keys[i] = {} w[keys[i]] = { i } end wait()",
    "local w = setmetatable({}, { __mode = 'v' }) local values = {}\n"
    "for i = 1, 1000 do values[i] = {} w[i] = values[i] end wait()",
    "local f = load('local a, b = 1, { 2, 3 } return function() return a, b, ' ..\n"
    "  ('\"a text of more than forty characters, so not interned\" .. '):rep(50) .. '\"\" end')\n"
    "f = f() wait()",
    "local function deep(n) if n > 0 then deep(n - 1) wait() end local x = n wait() end deep(1000)",
    "local t = {} t.t = t local u = { t } t.u = u kept[1] = ('z'):rep(100000) wait()",
    "local x <close> = setmetatable({}, { __close = print }) local s = ('x'):rep(50000) wait()",
};

static int
scale_wait(lua_State *L)
{
    return lua_yield(L, 0);
}

static int64_t
scale_bytes(lua_State *L)
{
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    return (int64_t)lua_gc(L, LUA_GCCOUNT) * 1024 + lua_gc(L, LUA_GCCOUNTB);
}

/* L's stack: the table of threads. */
static lua_State *
scale_thread(lua_State *L, int slot, const char *code)
{
    lua_State *th = lua_newthread(L);
    int n;

    lua_rawseti(L, 1, slot);
    assert_int_equal(luaL_loadstring(th, code), LUA_OK);
    assert_int_equal(lua_resume(th, L, 0, &n), LUA_YIELD);
    return th;
}

static void
a_thread_weighs_what_is_freed_with_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof holds / sizeof holds[0]; i++) {
        lua_State *L = luaL_newstate(), *th;
        int64_t rest, weight, before, off;

        luaL_openlibs(L);
        lua_register(L, "wait", scale_wait);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, holds);
        assert_int_equal(luaL_dostring(L, "kept = { {}, 'x' }"), LUA_OK);
        scale_thread(L, 1, holds[(i + 1) % (sizeof holds / sizeof holds[0])]);
        th = scale_thread(L, 2, holds[i]);
        before = scale_bytes(L);
        rest = (int64_t)lua_weighrest(L);
        weight = (int64_t)lua_weighthread(L, th);
        lua_weighend(L);
        assert_int_equal(lua_weighrest(L), (size_t)rest);    /* nothing stays marked */
        assert_int_equal(lua_weighthread(L, th), (size_t)weight);
        assert_int_equal(lua_weighthread(L, th), 0);
        lua_weighend(L);
        assert_int_equal(scale_bytes(L), before);
        lua_pushnil(L);
        lua_rawseti(L, 1, 2);
        off = before - scale_bytes(L) - weight;
        if (off > 4096 || off < -4096)    /* the table of strings may shrink */
            fail_msg("%s: %lld bytes off %lld", holds[i], (long long)off, (long long)weight);
        if (weight < 2000 || rest < 10000)
            fail_msg("%s: weighs %lld, the rest %lld", holds[i], (long long)weight,
                     (long long)rest);
        lua_close(L);
    }
    print_message("  %zu threads\n", sizeof holds / sizeof holds[0]);
}

/* ---- handlers ------------------------------------------------------------------------------ */

static const char script[] =
    "local cache, weak = {}, setmetatable({}, { __mode = 'v' })\n"
    "local how = {\n"
    "  hog = function() local s = {} for i = 1, 60 do s[i] = ('h'):rep(100000) end\n"
    "    replyd.debug.wait_event('go') return #s end,\n"
    "  modest = function() local s = ('h'):rep(200000)\n"
    "    for i = 1, 80 do for j = 1, 12 do local g = ('g'):rep(100000) .. j end\n"
    "      replyd.sleep(0.001) end return 'well' end,\n"
    "  fill = function() for i = 1, 1000 do cache[i] = ('c'):rep(100000) .. i end end,\n"
    "  slow = function() for i = 1, 1000 do cache[i] = ('c'):rep(100000) .. i\n"
    "      replyd.sleep(0) end end,\n"
    "  go = function() return tostring(replyd.debug.signal('go')) end,\n"
    "  some = function() for i = 1, 20 do cache[#cache + 1] = ('c'):rep(100000) .. #cache end\n"
    "    return 'some' end,\n"
    "  noisy = function() for i = 1, 60 do local g = ('g'):rep(100000) .. i end\n"
    "    return 'noisy' end,\n"
    "  quiet = function() local own = {} for i = 1, 30 do\n"
    "      for j = 1, 8 do own[i] = ('g'):rep(100000) .. j end\n"
    "      replyd.debug.wait_event('next') end return 'well' end,\n"
    "  next = function() return tostring(replyd.debug.signal('next')) end,\n"
    "  owner = function() local t = {} for i = 1, 60 do t[i] = ('w'):rep(100000) .. i end\n"
    "    weak[1] = t replyd.debug.wait_event('go') return #t end,\n"
    "  second = function() while not weak[1] do replyd.sleep(0.001) end\n"
    "    local t, own = weak[1], {}\n"
    "    for i = 1, 30 do own[i] = ('o'):rep(100000) .. i end\n"
    "    for i = 1, 20 do for j = 1, 12 do local g = ('g'):rep(100000) .. j end\n"
    "      replyd.sleep(0.001) end return #t .. ' ' .. #own end,\n"
    "  short = function() local g = ('g'):rep(400000) .. 1 return 'short' end,\n"
    "}\n"
    "return function(msg) return how[msg.body]() end";

static int
small_vm(void **state)
{
    (void)state;
    driver_limits.vm_memory = (size_t)16 << 20;
    driver_limits.handler_memory = (size_t)8 << 20;
    driver_limits.cpu_limit_ns = 20 * RD_SECOND;
    return 0;
}

/* Two hold three quarters of the VM, so that it is often collected: two others leave garbage. */
static void
garbage_is_nobodys_burden(void **state)
{
    struct driver_run *hogs[2], *modest[2];

    (void)state;
    driver_open(script);
    for (int i = 0; i < 2; i++)
        hogs[i] = driver_start("hog");
    for (int i = 0; i < 2; i++)
        modest[i] = driver_start("modest");
    for (int i = 0; i < 60; i++)
        assert_string_equal(driver_ask("short"), "short");
    for (int i = 0; i < 2; i++) {
        assert_string_equal(driver_wait(modest[i])->text, "well");
        free(modest[i]);
    }
    assert_string_equal(driver_ask("go"), "2");
    for (int i = 0; i < 2; i++) {
        assert_string_equal(driver_wait(hogs[i])->text, "60");
        free(hogs[i]);
    }
    driver_close();
}

/* What lies in a table of the file is in no coroutine, and yet of who put it there. */
static void
who_fills_a_table_of_the_file_ends(void **state)
{
    static const char *const bodies[] = { "fill", "slow" };

    (void)state;
    for (int i = 0; i < 4; i++) {
        driver_open(script);
        for (int j = 0; i > 1 && j < 5; j++)    /* whatever garbage others left */
            assert_string_equal(driver_ask("noisy"), "noisy");
        driver_ask(bodies[i % 2]);
        assert_int_equal(driver_last.outcome, RD_OUTCOME_memory);
        assert_string_equal(driver_ask("short"), "short");
        driver_close();
    }
}

/* Until it has ended: wakes it whenever it waits. */
static void
wake_until_it_ends(struct driver_run *r, const char *text)
{
    while (!driver_has_ended(r))
        driver_ask("next");
    if (strcmp(driver_wait(r)->text, text) != 0)
        fail_msg("%s: %s '%s'", r->body, rd_outcome_name(r->outcome), r->text);
    free(r);
}

/* Others filled it and have ended: who makes garbage beside it is not to blame. */
static void
a_table_of_the_file_is_nobodys_burden(void **state)
{
    struct driver_run *quiet;

    (void)state;
    driver_open(script);
    quiet = driver_start("quiet");
    for (int i = 0; i < 4; i++)
        assert_string_equal(driver_ask("some"), "some");
    wake_until_it_ends(quiet, "well");
    wake_until_it_ends(driver_start("quiet"), "well");
    driver_close();
}

/* One keeps 6 MB, and another reads it, which holds 3 and makes garbage, through a weak table. */
static void
what_two_reach_is_no_burden_for_the_second(void **state)
{
    struct driver_run *owner;

    (void)state;
    driver_open(script);
    owner = driver_start("owner");
    assert_string_equal(driver_ask("second"), "60 30");
    assert_string_equal(driver_ask("go"), "1");
    assert_string_equal(driver_wait(owner)->text, "60");
    free(owner);
    driver_close();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_weighs_what_is_freed_with_it),
        cmocka_unit_test(garbage_is_nobodys_burden),
        cmocka_unit_test(who_fills_a_table_of_the_file_ends),
        cmocka_unit_test(a_table_of_the_file_is_nobodys_burden),
        cmocka_unit_test(what_two_reach_is_no_burden_for_the_second),
    };

    return cmocka_run_group_tests(tests, small_vm, driver_usual_limits);
}
