/* What a script reaches is Lua as it is known, and nothing of the process or of other messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "script/driver.h"

/* A handler's body and the text that it returns. */
static const struct {
    const char *code, *text;
} rows[] = {
    /* not there */
    { "return tostring(io) .. tostring(package) .. tostring(dofile) .. tostring(loadfile)",
      "nilnilnilnil" },
    { "return tostring(os.execute) .. tostring(os.exit) .. tostring(os.getenv) .. "
      "tostring(os.remove)", "nilnilnilnil" },
    { "return tostring(debug.sethook) .. tostring(debug.getregistry) .. tostring(string.dump)",
      "nilnilnil" },
    { "local names = {} for k in pairs(debug) do names[#names + 1] = k end "
      "return table.concat(names, ' ')", "traceback" },
    /* frozen */
    { "return select(2, pcall(function() string.upper = 1 end))",
      "scripts/bot.lua:1: string is read-only: 'upper' cannot be changed" },
    { "return select(2, pcall(function() replyd.json.encode = 1 end))",
      "scripts/bot.lua:1: replyd.json is read-only: 'encode' cannot be changed" },
    { "return select(2, pcall(rawset, string, 'x', 1))", "rawset: this table is read-only" },
    { "return select(2, pcall(rawset, _G, 'x', 1))", "rawset: this table is read-only" },
    { "return select(2, pcall(setmetatable, string, {}))", "cannot change a protected metatable" },
    { "return select(2, pcall(setmetatable, _G, {}))", "cannot change a protected metatable" },
    { "return tostring(getmetatable('')) .. tostring(getmetatable(string)) .. "
      "tostring(getmetatable(_G))", "falsefalsefalse" },
    { "local _, t = pairs(string) return tostring(pcall(rawset, t, 'x', 1))", "false" },
    { "local f, t = pairs(_G) return tostring(pcall(rawset, t, 'x', 1))", "false" },
    { "return tostring(pcall(table.insert, table, 1))", "false" },
    { "return tostring(next(math) ~= nil) .. tostring(rawget(math, 'pi') ~= nil)", "truetrue" },
    { "local n = 0 for k, v in pairs(_G) do n = n + 1 end return tostring(n > 20)", "true" },
    { "return tostring(_G.string == string) .. tostring(_G._G == _G)", "truetrue" },
    /* misspelt */
    { "return replyd.slep(1)",
      "error: scripts/bot.lua:1: replyd has no 'slep': did you mean 'sleep'?" },
    { "return replyd.json.decoed('1')",
      "error: scripts/bot.lua:1: replyd.json has no 'decoed': did you mean 'decode'?" },
    { "return tostring(replyd.seen) .. tostring(replyd.frobnicate) .. tostring(replyd[1]) .. "
      "tostring(string.uper)",
      "nilnilnilnil" },
    { "return tostring(rawget(replyd, 'slep'))", "nil" },
    /* of later versions */
    { "return replyd.http.get('https://example.com/')",
      "error: scripts/bot.lua:1: replyd.http is not in this version of replyd" },
    { "return replyd.send{ to = '+1', body = 'x' }",
      "error: scripts/bot.lua:1: replyd.send is not in this version of replyd" },
    { "local t = {} for _, k in ipairs{ 'http', 'kv', 'llm', 'metric', 'secret', 'send' } do "
      "local ok, e = pcall(function() return replyd[k] end) "
      "t[#t + 1] = ok and 'found' or e:match('replyd.(%w+) is not in this version of replyd$') end "
      "return table.concat(t, ' ')", "http kv llm metric secret send" },
    { "return tostring(rawget(replyd, 'kv')) .. tostring(replyd.json.send) .. "
      "tostring(string.http)", "nilnilnil" },
    /* globals */
    { "return select(2, pcall(function() counter = 1 end))",
      "scripts/bot.lua:1: assignment to undeclared global 'counter': write 'local counter'; "
      "this version keeps nothing from one message to the next" },
    { "return tostring(undefined)", "nil" },
    /* __gc */
    { "return tostring(pcall(setmetatable, {}, { __gc = print }))", "false" },
    { "local mt = {} local t = setmetatable({}, mt) mt.__gc = error return 'fine'", "fine" },
    /* chunks */
    { "return load('return 1 + 1')()", "2" },
    { "return load('return ...', 'x', 't', {})(5)", "5" },
    { "local env = { y = 3 } return load('return y', 'x', 't', env)()", "3" },
    { "return tostring(select(2, load('\\27Lua')))",
      "attempt to load a binary chunk (mode is 't')" },
    { "return tostring(pcall(load, 'return 1', 'x', 'b'))", "false" },
    { "return tostring((load('newglobal = 1')))  ~= 'nil' and "
      "tostring(pcall(load('newglobal = 1')))", "false" },
    { "local n = 0 return load(function() n = n + 1 return ({'return ', '7'})[n] end)()", "7" },
    { "return collectgarbage('count') > 0 and tostring(pcall(collectgarbage, 'stop'))", "false" },
    /* pcall, xpcall, error values */
    { "return tostring(select(2, pcall(error)))", "nil" },
    { "return select(2, xpcall(function() error('x', 0) end, function(e) return e .. '!' end))",
      "x!" },
    { "return tostring(xpcall(function(a, b) return a + b end, print, 1, 2)) .. "
      "select(2, xpcall(function(a, b) return a + b end, print, 1, 2))", "true3" },
    { "local t = select(2, xpcall(function() error('deep') end, debug.traceback)) "
      "return tostring(t:find('deep\\nstack traceback', 1, true) ~= nil)", "true" },
    { "return select(2, xpcall(function() replyd.sleep(0) error('after', 0) end, "
      "function(e) replyd.sleep(0) return e end))", "after" },
    { "local function f() local x <close> = setmetatable({}, {__close = function() "
      "replyd.sleep(0) end}) error('closed', 0) end return select(2, pcall(f))", "closed" },
    /* coroutines as in plain Lua */
    { "local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) "
      "return co(1) .. ' ' .. co(10)", "2 20" },
    { "local co = coroutine.create(function() error('in', 0) end) "
      "local ok, e = coroutine.resume(co) return tostring(ok) .. e .. coroutine.status(co)",
      "falseindead" },
    { "local co co = coroutine.create(function() return coroutine.status(co) end) "
      "return coroutine.status(co) .. select(2, coroutine.resume(co)) .. coroutine.status(co)",
      "suspendedrunningdead" },
    { "local outer = coroutine.running() local s coroutine.wrap(function() "
      "s = coroutine.status(outer) end)() return s", "normal" },
    { "local co = coroutine.create(print) coroutine.close(co) "
      "return tostring(coroutine.resume(co)) .. select(2, coroutine.resume(co))",
      "falsecannot resume dead coroutine" },
    { "return select(2, coroutine.resume(coroutine.running()))",
      "cannot resume non-suspended coroutine" },
    { "return tostring(select(2, coroutine.running())) .. tostring(coroutine.isyieldable())",
      "truefalse" },
    { "return select(2, pcall(coroutine.yield))",
      "coroutine.yield outside of a coroutine: a handler waits with replyd.sleep and the like" },
    { "local co = coroutine.wrap(function() for i = 1, 3 do replyd.sleep(0) "
      "coroutine.yield(i) end end) return co() .. co() .. co()", "123" },
    { "local co = coroutine.wrap(function() return pcall(function() replyd.sleep(0) "
      "error('x', 0) end) end) return tostring(select(2, co()))", "x" },
    { "local a = coroutine.wrap(function() local b = coroutine.wrap(function() replyd.sleep(0) "
      "coroutine.yield('b') return 'c' end) return b() .. b() end) return a()", "bc" },
    { "local t = {} for v in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) "
      "do t[#t + 1] = v end return table.concat(t, ',')", "1,2,3" },
    { "local closed local co = coroutine.create(function() local x <close> = setmetatable({}, "
      "{__close = function() closed = 'yes' end}) coroutine.yield() end) coroutine.resume(co) "
      "coroutine.close(co) return closed", "yes" },
    /* waits where none can be */
    { "return select(2, pcall(table.sort, {2, 1}, function() replyd.sleep(0) end))",
      "scripts/bot.lua:1: replyd.sleep cannot wait here: not inside a callback of table.sort or "
      "string.gsub, a metamethod, or __close of a cancelled handler" },
    { "return tostring(pcall(string.gsub, 'x', 'x', coroutine.wrap(function() replyd.sleep(0) "
      "end)))", "false" },
    { "return tostring(pcall(replyd.sleep, 'soon')) .. tostring(pcall(replyd.sleep, -1))",
      "falsefalse" },
    /* tables that claim to be endless */
    { "return select(2, pcall(replyd.sleep)) .. '; ' .. select(2, pcall(xpcall))",
      "bad argument #1 to 'replyd.sleep' (a duration is a number of seconds from 0 on or a "
      "text such as \"5m\", not no value); bad argument #2 to 'xpcall' "
      "(function expected, got no value)" },
    { "return ('').rep('', 1 << 60) .. ('x'):rep(3, '-')", "x-x-x" },
    { "local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) table.remove(t) "
      "return table.concat(table.move(t, 1, 3, 2), ',')", "0,0,1,2" },
    /* what plugins see */
    { "return replyd.debug.param('Body') .. tostring(replyd.debug.param('Nope'))", "hinil" },
    { "return replyd.debug.time_left() > 1e6 and 'none'", "none" },
    { "local _, e = replyd.debug.fail('dns', 3, 'no host') "
      "return e.kind .. e.code .. e.message .. tostring(e)", "dns3no hostno host" },
    { "return tostring(replyd.now() > 1.7e9) .. type(os.time()) .. tostring(os.clock() >= 0)",
      "truenumbertrue" },
    { "print('a', 1, nil) replyd.log.info('x', { a = 1, b = true }) return 'logged'", "logged" },
    { "return require('replyd') == replyd and require('string') == string and 'same'", "same" },
    { "return select(2, pcall(require, 'late'))",
      "require: 'late' was not loaded; modules are read when the script is loaded: require it at "
      "the top of the file" },
};

static void
each_program_gives_its_text(void **state)
{
    char script[2048];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(script, sizeof script, "return { message = function(msg) %s end, "
                                        "error = function(e) return 'error: ' .. tostring(e) end }",
                 rows[i].code);
        driver_once(script, "hi");
        if (strcmp(driver_last.text, rows[i].text) != 0)
            fail_msg("%s\n  expected %s\n  got      %s", rows[i].code, rows[i].text,
                     driver_last.text);
    }
}

static void
one_message_cannot_leave_anything_for_another(void **state)
{
    (void)state;
    driver_open("return function(msg)\n"
                "  local seen = {}\n"
                "  local function walk(t, name) if seen[t] then return end seen[t] = true\n"
                "    for k, v in pairs(t) do if type(v) == 'table' then walk(v, k) end end\n"
                "    pcall(rawset, t, 'leak', msg.body)\n"
                "    pcall(function() t.leak = msg.body end) end\n"
                "  local had = tostring(string.leak) .. tostring(leak) .. tostring(replyd.leak)\n"
                "  walk(_G) return had end");
    assert_string_equal(driver_ask("one"), "nilnilnil");
    assert_string_equal(driver_ask("two"), "nilnilnil");
    driver_close();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_program_gives_its_text),
        cmocka_unit_test(one_message_cannot_leave_anything_for_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
