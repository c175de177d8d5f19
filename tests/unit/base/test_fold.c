/* Words, keywords and opt-out words are the same word by one rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fold.h"
#include "base/utf8.h"

static struct rd_arena arena;

static int
arena_start(void **state)
{
    (void)state;
    rd_arena_init(&arena, 65536);
    return 0;
}

static int
arena_end(void **state)
{
    (void)state;
    rd_arena_free(&arena);
    return 0;
}

#define assert_slice(s, text) assert_slice_is(s, RD_LIT(text), __LINE__)

static void
assert_slice_is(struct rd_slice s, struct rd_slice wanted, int line)
{
    if (!rd_slice_eq(s, wanted))
        fail_msg("line %d: \"%.*s\" is not \"%.*s\"", line, RD_PRI(s), RD_PRI(wanted));
}

static void
latin_letters_lose_their_case_and_keep_their_accents(void **state)
{
    (void)state;
    assert_slice(rd_fold_copy(RD_LIT("HELLO World 42"), &arena), "hello world 42");
    assert_slice(rd_fold_copy(RD_LIT("\u00C9T\u00C9 \u00C0\u00DE\u00D7\u00DF"), &arena),
                 "\u00E9t\u00E9 \u00E0\u00FE\u00D7\u00DF");
    assert_slice(rd_fold_copy(RD_LIT("\u0100\u0139\u0147\u0152\u0160\u0178\u017D\u0130"), &arena),
                 "\u0101\u013A\u0148\u0153\u0161\u00FF\u017Ei");
    assert_slice(
        rd_fold_copy(RD_LIT("\u0131\u0138\u0149\u01C5"), &arena), "\u0131\u0138\u0149\u01C5");
    assert_slice(rd_fold_copy(RD_LIT("\u1EA0\u1EF8"), &arena), "\u1EA1\u1EF9");
}

static void
other_scripts_and_invalid_bytes_stay(void **state)
{
    (void)state;
    assert_slice(rd_fold_copy(RD_LIT("\u041F\u0420 \u4F60 \U0001F44D"), &arena),
        "\u041F\u0420 \u4F60 \U0001F44D");
    assert_slice(rd_fold_copy(RD_LIT("A\xFF" "B\xE2\x82"), &arena), "a\xFF" "b\xE2\x82");
}

static void
folding_twice_changes_nothing_and_never_lengthens(void **state)
{
    char before[4], after[4];

    (void)state;
    for (uint32_t point = 0; point <= 0x10FFFF; point++) {
        uint32_t folded = rd_fold_point(point);

        assert_int_equal(rd_fold_point(folded), folded);
        assert_true(rd_utf8_encode(folded, after) <= rd_utf8_encode(point, before));
    }
}

static void
a_word_is_bare_of_outer_punctuation(void **state)
{
    static const struct { struct rd_slice text, word, rest; } rows[] = {
        { RD_LIT("hello"), RD_LIT("hello"), RD_LIT("") },
        { RD_LIT("  Hours?  on sunday \n"), RD_LIT("Hours"), RD_LIT("on sunday") },
        { RD_LIT("MENU!"), RD_LIT("MENU"), RD_LIT("") },
        { RD_LIT("\u00A1Hola! amigo"), RD_LIT("Hola"), RD_LIT("amigo") },
        { RD_LIT("\u201Cquoted\u201D, yes"), RD_LIT("quoted"), RD_LIT("yes") },
        { RD_LIT("don't stop"), RD_LIT("don't"), RD_LIT("stop") },
        { RD_LIT("a\u00A0b"), RD_LIT("a"), RD_LIT("b") },
        { RD_LIT("one\ntwo three"), RD_LIT("one"), RD_LIT("two three") },
        { RD_LIT("?"), RD_LIT("?"), RD_LIT("") },
        { RD_LIT("... what"), RD_LIT("..."), RD_LIT("what") },
        { RD_LIT("\U0001F44D ok"), RD_LIT("\U0001F44D"), RD_LIT("ok") },
        { RD_LIT(" \t\r\n\u3000"), RD_LIT(""), RD_LIT("") },
        { RD_LIT(""), RD_LIT(""), RD_LIT("") },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rd_slice rest, word = rd_text_word(rows[i].text, &rest);

        assert_slice_is(word, rows[i].word, (int)i);
        assert_slice_is(rest, rows[i].rest, (int)i);
    }
}

static void
a_keyword_matches_whole_words_at_the_start(void **state)
{
    static const struct { struct rd_slice key, text; bool match; struct rd_slice rest; } rows[] = {
        { RD_LIT("hours"), RD_LIT("Hours?"), true, RD_LIT("") },
        { RD_LIT("Menu"), RD_LIT("MENU!"), true, RD_LIT("") },
        { RD_LIT("menu"), RD_LIT("(menu) please"), true, RD_LIT("please") },
        { RD_LIT("sign up"), RD_LIT("Sign   UP: me@x.org"), true, RD_LIT("me@x.org") },
        { RD_LIT(" Sign\tup! "), RD_LIT("sign up"), true, RD_LIT("") },
        { RD_LIT("\u00C9T\u00C9"), RD_LIT("\u00E9t\u00E9 2026"), true, RD_LIT("2026") },
        { RD_LIT("?"), RD_LIT("? help"), true, RD_LIT("help") },
        { RD_LIT("\U0001F44D"), RD_LIT("\U0001F44D!"), true, RD_LIT("") },
        { RD_LIT("menu"), RD_LIT("menus"), false, RD_LIT("") },
        { RD_LIT("menu"), RD_LIT("the menu"), false, RD_LIT("") },
        { RD_LIT("don"), RD_LIT("don't"), false, RD_LIT("") },
        { RD_LIT("sign up"), RD_LIT("sign"), false, RD_LIT("") },
        { RD_LIT("sign up"), RD_LIT("signup"), false, RD_LIT("") },
        { RD_LIT("ete"), RD_LIT("\u00E9t\u00E9"), false, RD_LIT("") },
        { RD_LIT("x"), RD_LIT(""), false, RD_LIT("") },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rd_slice rest = RD_LIT(""), key = rd_fold_key(rows[i].key, &arena);

        if (rd_fold_match(rows[i].text, key, &rest) != rows[i].match)
            fail_msg("row %zu", i);
        assert_slice_is(rest, rows[i].rest, (int)i);
    }
}

static void
a_word_is_found_by_its_own_keyword(void **state)
{
    static const char *const texts[] = {
        "Hours?", "\u00A1HOLA!", "?!", "stop", "\"Yes,\" please", "A\xFFz b"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rd_slice text = rd_slice_str(texts[i]), word = rd_text_word(text, NULL);
        struct rd_slice key = rd_fold_key(word, &arena);

        assert_true(rd_slice_eq(key, rd_fold_copy(word, &arena)));
        assert_true(rd_fold_match(text, key, NULL));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latin_letters_lose_their_case_and_keep_their_accents),
        cmocka_unit_test(other_scripts_and_invalid_bytes_stay),
        cmocka_unit_test(folding_twice_changes_nothing_and_never_lengthens),
        cmocka_unit_test(a_word_is_bare_of_outer_punctuation),
        cmocka_unit_test(a_keyword_matches_whole_words_at_the_start),
        cmocka_unit_test(a_word_is_found_by_its_own_keyword),
    };
    return cmocka_run_group_tests(tests, arena_start, arena_end);
}
