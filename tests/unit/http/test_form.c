/* Forms are decoded as node and python decode them, and encoded so that they come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "http/form.h"
#include "vectors.h"

static void
assert_pairs(struct rd_slice form, const char *const *names_and_values)
{
    struct rd_arena a;
    struct rd_params params;
    size_t n = 0;

    rd_arena_init(&a, 65536);
    assert_int_equal(rd_form_decode(form, 100, &a, &params), 0);
    for (; names_and_values[2 * n] != NULL; n++) {
        struct rd_slice name = rd_slice_str(names_and_values[2 * n]);
        struct rd_slice value = rd_slice_str(names_and_values[2 * n + 1]);

        assert_true(n < params.n);
        if (!rd_slice_eq(params.at[n].name, name) || !rd_slice_eq(params.at[n].value, value))
            fail_msg("\"%.*s\"=\"%.*s\" in %.*s", RD_PRI(params.at[n].name),
                RD_PRI(params.at[n].value), RD_PRI(form));
    }
    assert_int_equal(params.n, n);
    rd_arena_free(&a);
}

#define PAIRS(form, ...) assert_pairs(RD_LIT(form), (const char *const[]){ __VA_ARGS__, NULL })

static void
pairs_are_split_on_ampersand_and_first_equals(void **state)
{
    (void)state;
    PAIRS("a=1&b=2", "a", "1", "b", "2");
    PAIRS("&&a=1&&b=2&", "a", "1", "b", "2");
    PAIRS("a=1;b=2", "a", "1;b=2");
    PAIRS("a=b=c", "a", "b=c");
    PAIRS("a", "a", "");
    PAIRS("=v", "", "v");
    PAIRS("=", "", "");
    PAIRS("b=2&a=1&b=1", "b", "2", "a", "1", "b", "1");
    PAIRS("", NULL);
    PAIRS("&&&", NULL);
}

static void
escapes_are_decoded_and_bad_ones_kept(void **state)
{
    (void)state;
    PAIRS("a+b=c+d", "a b", "c d");
    PAIRS("%61=%2B%2b", "a", "++");
    PAIRS("a=%&b=%2&c=%zz&d=%2z&e=%%41", "a", "%", "b", "%2", "c", "%zz", "d", "%2z", "e", "%A");
    PAIRS("a%3D=%26", "a=", "&");
    PAIRS("a=%C3%A9%f0%9f%91%8d", "a", "\u00E9\U0001F44D");
    PAIRS("a=\xC3\xA9", "a", "\u00E9");
}

/* Wherever it stands in the words that are copied at once. */
static void
a_special_byte_is_found_at_every_place(void **state)
{
    static const char *const pieces[][2] = {
        { "+", " " }, { "%41", "A" }, { "%C3%A9", "\xC3\xA9" }, { "\xC3\xA9", "\xC3\xA9" },
        { "\xFF", "\xEF\xBF\xBD" }, { "%FF", "\xEF\xBF\xBD" }, { "=", "=" }, { "%", "%" },
        { "%4", "%4" }, { "<>!~$'", "<>!~$'" },
    };
    static const char plain[] = "-Plain.Text_0123456789-abcdef";
    char form[128], value[128];

    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        for (int before = 0; before < 24; before++)
            for (int after = 0; after < 10; after++) {
                snprintf(form, sizeof form, "%.*s=%.*s%s%.*s&b=2", before % 9, plain, before,
                         plain, pieces[i][0], after, plain);
                snprintf(value, sizeof value, "%.*s%s%.*s", before, plain, pieces[i][1], after,
                         plain);
                snprintf(form + 100, 20, "%.*s", before % 9, plain);
                assert_pairs(rd_slice_str(form), (const char *const[]){ form + 100, value, "b", "2",
                                                                        NULL });
            }
}

static void
invalid_utf8_is_repaired(void **state)
{
    (void)state;
    PAIRS("a%FF=b%FF%FE", "a\uFFFD", "b\uFFFD\uFFFD");
    PAIRS("a=%E2%82&b=1", "a", "\uFFFD", "b", "1");
    PAIRS("a=\xFF\xFF\xFF\xFF", "a", "\uFFFD\uFFFD\uFFFD\uFFFD");
}

static void
a_nul_is_a_character(void **state)
{
    struct rd_arena a;
    struct rd_params params;

    (void)state;
    rd_arena_init(&a, 4096);
    assert_int_equal(rd_form_decode(RD_LIT("a%00b=%00"), 1, &a, &params), 0);
    assert_true(rd_slice_eq(params.at[0].name, RD_LIT("a\0b")));
    assert_true(rd_slice_eq(params.at[0].value, RD_LIT("\0")));
    rd_arena_free(&a);
}

static void
limits_are_errors(void **state)
{
    struct rd_arena a;
    struct rd_params params;

    (void)state;
    rd_arena_init(&a, 4096);
    assert_int_equal(rd_form_decode(RD_LIT("a&b&c"), 3, &a, &params), 0);
    assert_int_equal(rd_form_decode(RD_LIT("a&b&c&d"), 3, &a, &params), RD_E_TOO_BIG);
    rd_arena_free(&a);
    rd_arena_init(&a, 100);
    assert_int_equal(rd_form_decode(RD_LIT("a&b&c&d"), 4, &a, &params), RD_E_NOMEM);
    rd_arena_free(&a);
    rd_arena_init(&a, 64);    /* room for the pairs, not for the repair */
    assert_int_equal(
        rd_form_decode(RD_LIT("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), 4, &a, &params), RD_E_NOMEM);
    rd_arena_free(&a);
}

static void
encoding_comes_back(void **state)
{
    char bytes[256];
    struct rd_param p = { RD_LIT("n&=+ %~-._*"), rd_slice_make(bytes, 128) };
    struct rd_params params = { &p, 1 }, back;
    struct rd_arena a;
    struct rd_buf b;

    (void)state;
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    rd_arena_init(&a, 65536);
    rd_buf_init(&b, 65536);
    rd_form_encode(&params, &b);
    assert_true(rd_slice_starts(rd_buf_slice(&b), RD_LIT("n%26%3D%2B+%25~-._%2A=%00%01")));
    assert_int_equal(rd_form_decode(rd_buf_slice(&b), 1, &a, &back), 0);
    assert_true(rd_slice_eq(back.at[0].name, p.name) && rd_slice_eq(back.at[0].value, p.value));
    rd_buf_free(&b);
    rd_arena_free(&a);
}

static void
samples_decode_to_their_parameters(void **state)
{
    yyjson_doc *doc = vectors_load("webhook-samples.json");
    yyjson_val *list = vectors_list(doc, "samples"), *sample;
    size_t i, max;

    (void)state;
    yyjson_arr_foreach(list, i, max, sample) {
        struct rd_params params, wanted;
        struct rd_arena a;

        rd_arena_init(&a, 65536);
        wanted = vectors_params(yyjson_obj_get(sample, "params"), &a);
        assert_int_equal(rd_form_decode(vectors_slice(sample, "body_raw"), 100, &a, &params), 0);
        assert_int_equal(params.n, wanted.n);
        for (size_t k = 0; k < params.n; k++)
            assert_true(rd_slice_eq(params.at[k].name, wanted.at[k].name)
                        && rd_slice_eq(params.at[k].value, wanted.at[k].value));
        rd_arena_free(&a);
    }
    yyjson_doc_free(doc);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_split_on_ampersand_and_first_equals),
        cmocka_unit_test(escapes_are_decoded_and_bad_ones_kept),
        cmocka_unit_test(a_special_byte_is_found_at_every_place),
        cmocka_unit_test(invalid_utf8_is_repaired),
        cmocka_unit_test(a_nul_is_a_character),
        cmocka_unit_test(limits_are_errors),
        cmocka_unit_test(encoding_comes_back),
        cmocka_unit_test(samples_decode_to_their_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
