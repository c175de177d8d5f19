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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_in_any_case_and_plus_are_decoded),
        cmocka_unit_test(bad_escapes_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
