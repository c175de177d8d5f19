/* Characters as Twilio's calculator sees them; tests/peers runs the calculator itself beside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "twilio/grapheme.h"

/* Texts in pieces: "|" stands between two characters. */
static const char *const texts[] = {
    "a|b", "e\xCC\x81|x", "\r\n|\n|\r", "a|\x01|b", "a\xCC\x81\xCC\x81\xCC\x81|b",
    "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA|\xF0\x9F\x87\xAB\xF0\x9F\x87\xB7",    /* DE FR */
    "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA|\xF0\x9F\x87\xAB",                    /* DE F */
    "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD|!",                                    /* thumb, skin tone */
    "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7|x",                        /* woman ZWJ girl */
    "\xE2\x9D\xA4\xEF\xB8\x8F|x",                                            /* heart VS16 */
    "\xED\x95\x9C|\xEA\xB5\xAD",                                             /* Hangul syllables */
    "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB|x",                                /* L V T */
    "\xE0\xA4\x95\xE0\xA4\xBF|x",                                            /* Devanagari ki */
    ("\xD8\x80" "1|x"),                                                       /* prepended mark */
    "a|\xFF|\xFE|b",                                                         /* invalid bytes */
};

static void
each_text_falls_into_its_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rd_slice left = rd_slice_str(texts[i]);
        char text[64];
        size_t n = 0, at = 0;

        for (size_t k = 0; k < left.n; k++)
            if (left.p[k] != '|')
                text[n++] = left.p[k];
        while (left.n > 0) {
            size_t piece = rd_slice_find(left, '|');

            if (rd_grapheme_next(rd_slice_make(text + at, n - at)) != piece)
                fail_msg("row %zu, byte %zu", i, at);
            at += piece;
            left = rd_slice_skip(left, piece + 1);
        }
    }
}

static void
an_empty_text_has_no_character(void **state)
{
    (void)state;
    assert_int_equal(rd_grapheme_next(RD_LIT("")), 0);
}

static void
the_ranges_are_sorted_and_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < rd_grapheme_n_ranges; i++) {
        assert_true(rd_grapheme_ranges[i].first <= rd_grapheme_ranges[i].last);
        if (i > 0)
            assert_true(rd_grapheme_ranges[i - 1].last < rd_grapheme_ranges[i].first);
    }
    assert_int_equal(rd_grapheme_class(0x300), RD_GRAPHEME_EXTEND);
    assert_int_equal(rd_grapheme_class(0xAC01), RD_GRAPHEME_LVT);
    assert_int_equal(rd_grapheme_class(0x10FFFF), RD_GRAPHEME_OTHER);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_falls_into_its_pieces),
        cmocka_unit_test(an_empty_text_has_no_character),
        cmocka_unit_test(the_ranges_are_sorted_and_apart),
    };

    return cmocka_run_group_tests_name("twilio/grapheme", tests, NULL, NULL);
}
