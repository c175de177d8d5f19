/* UTF-8 is decoded, repaired by maximal subparts and counted in UTF-16 units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

static void
every_code_point_survives_encode_and_decode(void **state)
{
    char text[4];
    uint32_t back;

    (void)state;
    for (uint32_t point = 0; point <= 0x10FFFF; point++) {
        size_t n = rd_utf8_encode(point, text);
        bool surrogate = point >= 0xD800 && point <= 0xDFFF;

        assert_true(rd_utf8_is_valid(rd_slice_make(text, n)) == !surrogate);
        if (surrogate)
            continue;
        assert_int_equal(rd_utf8_decode(rd_slice_make(text, n), &back), n);
        assert_int_equal(back, point);
        assert_int_equal(rd_utf8_units(rd_slice_make(text, n)), point > 0xFFFF ? 2 : 1);
    }
}

/* Python's bytes.decode("utf-8", "replace") and WHATWG's decoder give these. */
static void
invalid_bytes_become_one_replacement_per_maximal_subpart(void **state)
{
    static const struct { struct rd_slice in, out; } rows[] = {
        { RD_LIT("a\xFF" "b"), RD_LIT("a\uFFFDb") },
        { RD_LIT("\xC0\xAF"), RD_LIT("\uFFFD\uFFFD") },
        { RD_LIT("\xED\xA0\x80"), RD_LIT("\uFFFD\uFFFD\uFFFD") },
        { RD_LIT("\xE2\x82"), RD_LIT("\uFFFD") },
        { RD_LIT("\xE2\x82" "A"), RD_LIT("\uFFFD" "A") },
        { RD_LIT("\xF0\x9F\x91"), RD_LIT("\uFFFD") },
        { RD_LIT("\xF0\x9F\x91\xF0\x9F\x91\x8D"), RD_LIT("\uFFFD\U0001F44D") },
        { RD_LIT("\xF0\x80\x80\x80"), RD_LIT("\uFFFD\uFFFD\uFFFD\uFFFD") },
        { RD_LIT("\xF4\x90\x80\x80"), RD_LIT("\uFFFD\uFFFD\uFFFD\uFFFD") },
        { RD_LIT("\xF5\x80"), RD_LIT("\uFFFD\uFFFD") },
        { RD_LIT("\xE0\x80\x80"), RD_LIT("\uFFFD\uFFFD\uFFFD") },
        { RD_LIT("\x80"), RD_LIT("\uFFFD") },
        { RD_LIT("12345678\x80 and 12345678"), RD_LIT("12345678\uFFFD and 12345678") },
    };
    struct rd_arena a;

    (void)state;
    rd_arena_init(&a, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rd_slice out = rd_utf8_repair(rows[i].in, &a);

        assert_int_equal(out.n, rows[i].out.n);
        assert_memory_equal(out.p, rows[i].out.p, out.n);
        assert_int_equal(rd_utf8_units(rows[i].in), rd_utf8_units(out));
    }
    rd_arena_free(&a);
}

static void
valid_text_is_not_copied(void **state)
{
    struct rd_slice s = RD_LIT("na\u00EFve \U0001F44D and NUL \0 too");
    struct rd_arena a;

    (void)state;
    rd_arena_init(&a, 0);
    assert_ptr_equal(rd_utf8_repair(s, &a).p, s.p);
    assert_int_equal(rd_utf8_units(s), s.n - 1 - 2);
}

static void
repair_respects_the_cap_of_the_arena(void **state)
{
    struct rd_arena a;

    (void)state;
    rd_arena_init(&a, 8);
    assert_null(rd_utf8_repair(RD_LIT("123456789\xFF"), &a).p);
    rd_arena_free(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_survives_encode_and_decode),
        cmocka_unit_test(invalid_bytes_become_one_replacement_per_maximal_subpart),
        cmocka_unit_test(valid_text_is_not_copied),
        cmocka_unit_test(repair_respects_the_cap_of_the_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
