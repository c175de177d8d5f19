/* replyd.json: RFC 8259 both ways, and nothing beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "script/driver.h"

static const struct {
    const char *code, *text;
} rows[] = {
    { "j.encode({ 1, 2, 'x', true, false })", "[1,2,\"x\",true,false]" },
    { "j.encode({})", "{}" },
    { "j.encode(j.array({}))", "[]" },
    { "j.encode(j.array())", "[]" },
    { "j.encode({ a = 1 })", "{\"a\":1}" },
    { "j.encode({ a = j.null })", "{\"a\":null}" },
    { "j.encode(nil)", "null" },
    { "j.encode(1) .. ' ' .. j.encode(1.0) .. ' ' .. j.encode(0.1) .. ' ' .. j.encode(1e300)",
      "1 1.0 0.1 1e+300" },
    { "j.encode(math.maxinteger) .. j.encode(math.mininteger)",
      "9223372036854775807-9223372036854775808" },
    { "j.encode('a\"\\\\\\n\\t\\0\\127é€😀')", "\"a\\\"\\\\\\n\\t\\u0000\\u007fé€😀\"" },
    { "j.encode({ b = { 1, {} }, a = 'x' }, { pretty = true })",
      "{\n  \"a\": \"x\",\n  \"b\": [\n    1,\n    {}\n  ]\n}" },
    { "j.encode(j.array({}), { pretty = true })", "[]" },
    { "j.encode(setmetatable({ x = 0 }, { __pairs = function() return function(_, k) "
      "if not k then return 'a', 1 end end end }))", "{\"a\":1}" },
    { "j.encode(setmetatable({}, { __pairs = function() return next, { 1, 2 } end }))", "[1,2]" },
    { "select(2, pcall(j.encode, 0/0))", "json.encode: JSON has no NaN" },
    { "select(2, pcall(j.encode, 1/0))", "json.encode: JSON has no infinity" },
    { "select(2, pcall(j.encode, print))",
      "json.encode: a function is nothing that JSON can hold" },
    { "select(2, pcall(j.encode, { 1, nil, 3, x = 1 }))",
      "json.encode: a table has a number as a key; JSON knows lists 1..n and names" },
    { "select(2, pcall(j.encode, 'a\\xff'))", "json.encode: a string is not UTF-8 at its byte 2" },
    { "select(2, pcall(j.encode, 'a\\xed\\xa0\\x80'))",
      "json.encode: a string is not UTF-8 at its byte 2" },
    { "(function() local t = {} t.t = t return select(2, pcall(j.encode, t)) end)()",
      "json.encode: nested deeper than 200, or a table holds itself" },
    { "math.type(j.decode('7')) .. math.type(j.decode('7.0')) .. math.type(j.decode('7e0'))",
      "integerfloatfloat" },
    { "j.decode('9007199254740993')", "9007199254740993" },
    { "j.decode('-9223372036854775808')", "-9223372036854775808" },
    { "math.type(j.decode('18446744073709551615'))", "float" },
    { "j.decode('\"\\\\u00e9\\\\ud83d\\\\ude00\"')", "é😀" },
    { "j.decode(' [1, [2, [3]]] ')[2][2][1]", "3" },
    { "tostring(j.decode('null') == j.null) .. tostring(j.decode('[null]')[1] == j.null)",
      "truetrue" },
    { "j.decode('{\"a\":1,\"a\":2}').a", "2" },
    { "j.encode(j.decode('[]')) .. j.encode(j.decode('{}'))", "[]{}" },
    { "j.encode(j.decode('{\"a\":[1,2.5,\"x\",null,true]}'))", "{\"a\":[1,2.5,\"x\",null,true]}" },
    { "tostring(select(2, j.decode('')))", "the text is empty at byte 1" },
    { "select(2, j.decode('[1,]')).kind .. select(2, j.decode('[1,]')).code", "json3" },
    { "tostring(j.decode('[1') == nil) .. tostring(j.decode('{a:1}') == nil) .. "
      "tostring(j.decode('01') == nil) .. tostring(j.decode('1 2') == nil) .. "
      "tostring(j.decode('\\'x\\'') == nil) .. tostring(j.decode('NaN') == nil) .. "
      "tostring(j.decode('\"\\xff\"') == nil) .. tostring(j.decode('\\239\\187\\1911') == nil) .. "
      "tostring(j.decode('// x\\n1') == nil)",
      "truetruetruetruetruetruetruetruetrue" },
    { "select(2, j.decode(('['):rep(201) .. (']'):rep(201))).code", "201" },
    { "type(j.decode(('['):rep(200) .. (']'):rep(200)))", "table" },
    { "select(2, pcall(j.array, setmetatable({}, {})))",
      "bad argument #1 to '?' (the table has a metatable of its own)" },
    { "tostring(getmetatable(j.array()))", "false" },
    { "assert(select(2, pcall(function() assert(j.decode('{')) end)).kind)", "json" },
};

static void
each_row_gives_its_text(void **state)
{
    char script[2048];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(script, sizeof script,
                 "local j = replyd.json return { message = function(msg) return (%s) end, "
                 "error = function(e) return 'error: ' .. tostring(e) end }", rows[i].code);
        driver_once(script, "");
        if (strcmp(driver_last.text, rows[i].text) != 0)
            fail_msg("%s\n  expected %s\n  got      %s", rows[i].code, rows[i].text,
                     driver_last.text);
    }
}

/* A document is the VM's memory while it is read: that of a text with an error at its end too. */
static void
what_reading_takes_is_charged(void **state)
{
    (void)state;
    driver_limits.vm_memory = (size_t)8 << 20;
    driver_limits.handler_memory = (size_t)4 << 20;
    driver_open("return function(msg) local n = tonumber(msg.body)\n"
                "return tostring(replyd.json.decode('[' .. ('1,'):rep(n) .. 'x')) end");
    driver_ask("1000");
    assert_string_equal(driver_last.text, "nil");
    driver_ask("1000000");    /* 2 MB, and 16 bytes for each value */
    assert_int_equal(driver_last.outcome, RD_OUTCOME_memory);
    driver_ask("1000");
    assert_string_equal(driver_last.text, "nil");
    driver_close();
    driver_usual_limits(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_gives_its_text),
        cmocka_unit_test(what_reading_takes_is_charged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
