/* A JSON body is read as the parameters that a form would have had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "http/json_body.h"

#define ARENA (1 << 20)

static struct rd_arena arena;

static struct rd_params
decoded(const char *body, size_t n)
{
    struct rd_params params;

    rd_arena_free(&arena);
    rd_arena_init(&arena, ARENA);
    assert_int_equal(rd_json_body_decode(rd_slice_make(body, n), 1000, &arena, &params), 0);
    return params;
}

#define DECODED(text) decoded(text, sizeof(text) - 1)

static void
assert_param(const struct rd_params *params, size_t i, const char *name, const char *value)
{
    assert_true(i < params->n);
    assert_true(rd_slice_eq(params->at[i].name, rd_slice_str(name)));
    if (!rd_slice_eq(params->at[i].value, rd_slice_str(value)))
        fail_msg("%s is %.*s, not %s", name, RD_PRI(params->at[i].value), value);
}

static void
members_become_parameters_in_order(void **state)
{
    struct rd_params p = DECODED("{\"MessageSid\":\"SM1\","
                                 "\"Body\":\"gr\\u00fc\\u00df \\ud83d\\udc4d\","
                                 "\"N\":12345678901234567890.10,\"t\":true,\"f\":false,\"z\":null,"
                                 "\"l\":[1, {\"a\": \"b\"}],\"Body\":\"again\"}");

    (void)state;
    assert_int_equal(p.n, 8);
    assert_param(&p, 0, "MessageSid", "SM1");
    assert_param(&p, 1, "Body", "gr\xC3\xBC\xC3\x9F \xF0\x9F\x91\x8D");
    assert_param(&p, 2, "N", "12345678901234567890.10");
    assert_param(&p, 3, "t", "true");
    assert_param(&p, 4, "f", "false");
    assert_param(&p, 5, "z", "");
    assert_param(&p, 6, "l", "[1,{\"a\":\"b\"}]");
    assert_param(&p, 7, "Body", "again");
    assert_true(rd_slice_eq(rd_params_get(&p, RD_LIT("Body")), p.at[1].value));
}

static void
invalid_utf8_is_repaired(void **state)
{
    struct rd_params p = DECODED("{\"Body\":\"a\xFF" "b\"}");

    (void)state;
    assert_param(&p, 0, "Body", "a\xEF\xBF\xBD" "b");
}

static void
what_is_no_object_has_no_parameters(void **state)
{
    (void)state;
    assert_int_equal(DECODED("").n, 0);
    assert_int_equal(DECODED("{}").n, 0);
    assert_int_equal(DECODED("[{\"a\":1}]").n, 0);
    assert_int_equal(DECODED("\"a\"").n, 0);
    assert_int_equal(DECODED("{\"a\":1").n, 0);
    assert_int_equal(DECODED("{\"a\":1} x").n, 0);
    assert_int_equal(DECODED("MessageSid=SM1").n, 0);
}

static void
limits_are_kept(void **state)
{
    struct rd_params params;
    struct rd_arena small;

    (void)state;
    rd_arena_init(&small, 4096);
    assert_int_equal(rd_json_body_decode(RD_LIT("{\"a\":1,\"b\":2}"), 1, &small, &params),
                     RD_E_TOO_BIG);
    assert_int_equal(rd_json_body_decode(RD_LIT("{\"a\":1,\"b\":2}"), 2, &small, &params), 0);
    rd_arena_free(&small);
    rd_arena_init(&small, 16);
    assert_int_equal(rd_json_body_decode(RD_LIT("{\"a\":1,\"b\":2}"), 2, &small, &params),
                     RD_E_NOMEM);
    rd_arena_free(&small);
}

static void
json_is_told_by_its_content_type(void **state)
{
    (void)state;
    assert_true(rd_json_body_is(RD_LIT("application/json")));
    assert_true(rd_json_body_is(RD_LIT("Application/JSON ; charset=utf-8")));
    assert_true(rd_json_body_is(RD_LIT("application/cloudevents+json")));
    assert_false(rd_json_body_is(RD_LIT("application/jsonx")));
    assert_false(rd_json_body_is(RD_LIT("text/plain")));
    assert_false(rd_json_body_is(RD_LIT("+json")));
    assert_false(rd_json_body_is(RD_LIT("")));
}

static int
teardown(void **state)
{
    (void)state;
    rd_arena_free(&arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_become_parameters_in_order),
        cmocka_unit_test(invalid_utf8_is_repaired),
        cmocka_unit_test(what_is_no_object_has_no_parameters),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(json_is_told_by_its_content_type),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
