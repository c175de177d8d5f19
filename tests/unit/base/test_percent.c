/* Percent escapes are decoded in any case; bad ones stay as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/percent.h"

static void
assert_decoded(struct rd_slice raw, struct rd_slice wanted)
{
    char to[64];
    struct rd_slice got = rd_slice_make(to, rd_percent_decode(raw, to));

    if (!rd_slice_eq(got, wanted))
        fail_msg("%.*s: %.*s", RD_PRI(raw), RD_PRI(got));
}

static void
escapes_in_any_case_and_plus_are_decoded(void **state)
{
    (void)state;
    assert_decoded(RD_LIT("a%2Bb%2bc+d"), RD_LIT("a+b+c d"));
    assert_decoded(RD_LIT("%00%ff%FF"), RD_LIT("\0\xFF\xFF"));
    assert_decoded(RD_LIT(""), RD_LIT(""));
}

static void
bad_escapes_stay(void **state)
{
    (void)state;
    assert_decoded(RD_LIT("%"), RD_LIT("%"));
    assert_decoded(RD_LIT("%4"), RD_LIT("%4"));
    assert_decoded(RD_LIT("%4g%g4%%41"), RD_LIT("%4g%g4%A"));
}

/* Decoding is by words: every place of an escape, in texts of every length. */
static void
escapes_are_found_at_any_place(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 24; n++)
        for (size_t at = 0; at < n; at++) {
            char raw[32], wanted[32];
            size_t rest = n - at - 1;

            memset(raw, 'x', sizeof raw);
            memset(wanted, 'x', sizeof wanted);
            raw[at] = '+';
            wanted[at] = ' ';
            assert_decoded(rd_slice_make(raw, n), rd_slice_make(wanted, n));
            raw[at] = (char)('+' | 0x80);
            wanted[at] = raw[at];
            assert_decoded(rd_slice_make(raw, n), rd_slice_make(wanted, n));
            memcpy(raw + at, "%2a", 3);
            wanted[at] = '*';
            assert_decoded(rd_slice_make(raw, at + 3 + rest), rd_slice_make(wanted, n));
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_in_any_case_and_plus_are_decoded),
        cmocka_unit_test(bad_escapes_stay),
        cmocka_unit_test(escapes_are_found_at_any_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
