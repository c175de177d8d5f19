/* Segments as Twilio's calculator counts them: its own cases, and where its rules bite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "twilio/segments.h"
#include "vectors.h"

static char *
smart(struct rd_slice text)
{
    static char out[65536];
    size_t n = 0;

    while (text.n > 0) {
        struct rd_slice piece;

        text = rd_slice_skip(text, rd_segments_smarten(text, &piece));
        assert_true(n + piece.n < sizeof out);
        memcpy(out + n, piece.p, piece.n);
        n += piece.n;
    }
    out[n] = '\0';
    return out;
}

static void
assert_segments(const char *what, struct rd_slice text, yyjson_val *wanted)
{
    struct rd_segments s = rd_segments_count(text);
    struct rd_slice encoding = vectors_slice(wanted, "encoding");

    if (s.count != yyjson_get_uint(yyjson_obj_get(wanted, "segments")) ||
        !rd_slice_eq(rd_slice_str(rd_segments_encoding(&s)), encoding))
        fail_msg("%s: %zu %s", what, s.count, rd_segments_encoding(&s));
    assert_int_equal(s.ucs2, s.forced_by.n > 0);
}

static void
every_vector_has_its_count(void **state)
{
    yyjson_doc *doc = vectors_load("segments-vectors.json");
    yyjson_val *c;
    size_t i, max;

    (void)state;
    yyjson_arr_foreach(yyjson_obj_get(yyjson_doc_get_root(doc), "cases"), i, max, c) {
        struct rd_slice text = vectors_slice(c, "text");
        const char *name = yyjson_get_str(yyjson_obj_get(c, "name"));
        yyjson_val *plain = yyjson_obj_get(c, "codepoint_rule");
        struct rd_segments s = rd_segments_count(text);

        assert_segments(name, text, c);
        if (yyjson_get_bool(yyjson_obj_get(c, "same_as_codepoint_rule")))
            assert_int_equal(s.units, yyjson_get_uint(yyjson_obj_get(plain, "units")));
        if (text.n == strlen(text.p))
            assert_segments(name, rd_slice_str(smart(text)), yyjson_obj_get(c, "smart"));
    }
    assert_true(i >= 89);
    yyjson_doc_free(doc);
}

static void
the_alphabet_is_twilios(void **state)
{
    yyjson_doc *doc = vectors_load("segments-vectors.json");
    yyjson_val *table = yyjson_obj_get(yyjson_doc_get_root(doc), "gsm7_table");
    unsigned found = 0;
    char name[8];

    (void)state;
    for (uint32_t point = 0; point < 0x10000; point++) {
        yyjson_val *septets;

        snprintf(name, sizeof name, "%04x", (unsigned)point);
        septets = yyjson_obj_get(table, name);
        found += septets != NULL;
        if (rd_segments_septets(point) != yyjson_arr_size(septets))
            fail_msg("U+%04X has %u septets", (unsigned)point, rd_segments_septets(point));
    }
    assert_int_equal(found, yyjson_obj_size(table));
    yyjson_doc_free(doc);
}

static void
smart_encoding_is_twilios(void **state)
{
    yyjson_doc *doc = vectors_load("segments-vectors.json");
    yyjson_val *map = yyjson_obj_get(yyjson_doc_get_root(doc), "smart_encoding_map");
    unsigned found = 0;

    (void)state;
    for (uint32_t point = 0; point <= 0x10FFFF; point++) {
        char bytes[4], name[8];
        struct rd_slice text, piece;
        yyjson_val *wanted;

        if (point >= 0xD800 && point <= 0xDFFF)
            continue;
        snprintf(name, sizeof name, "%04x", (unsigned)point);
        wanted = yyjson_obj_get(map, name);
        found += wanted != NULL;
        text = rd_slice_make(bytes, rd_utf8_encode(point, bytes));
        assert_int_equal(rd_segments_smarten(text, &piece), text.n);
        if (!rd_slice_eq(piece, wanted ? rd_slice_str(yyjson_get_str(wanted)) : text))
            fail_msg("U+%04X becomes \"%.*s\"", (unsigned)point, RD_PRI(piece));
    }
    assert_int_equal(found, yyjson_obj_size(map));
    yyjson_doc_free(doc);
}

static void
who_forced_ucs2_is_named(void **state)
{
    static const struct { const char *text, *by; } rows[] = {
        { "plain \xE2\x82\xAC", NULL }, { "a`b", "`" }, { "it\xE2\x80\x99s", "\xE2\x80\x99" },
        { "cafe\xCC\x81!", "e\xCC\x81" }, { "a\xFF", "\xFF" }, { "x\r\ny", NULL },
        { "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD ok", "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rd_segments s = rd_segments_count(rd_slice_str(rows[i].text));

        if (!rd_slice_eq(s.forced_by, rd_slice_str(rows[i].by)))
            fail_msg("%s: \"%.*s\"", rows[i].text, RD_PRI(s.forced_by));
    }
}

static void
a_character_is_not_divided_between_segments(void **state)
{
    char text[200 * 4 + 1] = "";
    struct rd_segments s;

    (void)state;
    for (int i = 0; i < 23; i++)
        strcat(text, "xyz");                        /* 69 units, then an emoji of two */
    strcat(text, "\xF0\x9F\x98\x80");
    s = rd_segments_count(rd_slice_str(text));
    assert_int_equal(s.units, 71);
    assert_int_equal(s.count, 2);
    assert_int_equal(rd_segments_count(RD_LIT("")).count, 1);
    assert_int_equal(rd_segments_count(RD_LIT("\xFF\xFE")).units, 2);
}

static void
pieces_give_the_text_again(void **state)
{
    struct rd_slice text = RD_LIT("one two  three \U0001F469\u200D\U0001F467 end");

    (void)state;
    for (size_t most = 1; most < 30; most++) {
        struct rd_slice rest = text;

        while (rest.n > 0) {
            size_t n = rd_segments_head(rest, most);

            assert_true(n > 0 && n <= rest.n);
            if (most >= 2)
                assert_true(rd_utf8_units(rd_slice_make(rest.p, n)) <= most);
            rest = rd_slice_skip(rest, n);
        }
        assert_ptr_equal(rest.p, text.p + text.n);
    }
    assert_int_equal(rd_segments_head(text, 6), 4);     /* behind a word */
    assert_int_equal(rd_segments_head(text, 10), 9);
    assert_int_equal(rd_segments_head(RD_LIT("abcdef"), 4), 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_has_its_count),
        cmocka_unit_test(the_alphabet_is_twilios),
        cmocka_unit_test(smart_encoding_is_twilios),
        cmocka_unit_test(who_forced_ucs2_is_named),
        cmocka_unit_test(a_character_is_not_divided_between_segments),
        cmocka_unit_test(pieces_give_the_text_again),
    };

    return cmocka_run_group_tests_name("twilio/segments", tests, NULL, NULL);
}
