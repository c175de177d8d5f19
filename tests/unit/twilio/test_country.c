/* Numbers belong to the country whose prefix is the longest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "twilio/country.h"

static bool
has(const char *code, const char *phone)
{
    return rd_country_has(rd_slice_str(code), rd_slice_str(phone));
}

static void
the_longest_prefix_decides(void **state)
{
    static const struct { const char *phone, *yes, *no; } rows[] = {
        { "+4915112345678", "DE", "AT" }, { "+14155551234", "US", "CA" },
        { "+14165551234", "CA", "US" }, { "+18765551234", "JM", "US" },
        { "+447700900123", "JE", "GB" }, { "+447911123456", "GG", "GB" },
        { "+442079460000", "GB", "IM" }, { "+79161234567", "RU", "KZ" },
        { "+77011234567", "KZ", "RU" }, { "+358401234567", "FI", "AX" },
        { "+3581812345", "AX", "FI" }, { "+390669812345", "VA", "IT" },
        { "+390612345678", "IT", "VA" }, { "+41791234567", "CH", "LI" },
        { "+351912345678", "PT", "ES" }, { "+61412345678", "AU", "CX" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!has(rows[i].yes, rows[i].phone) || has(rows[i].no, rows[i].phone))
            fail_msg("%s: %s, not %s", rows[i].phone, rows[i].yes, rows[i].no);
}

static void
countries_that_share_a_prefix_all_have_the_number(void **state)
{
    (void)state;
    assert_true(has("GP", "+590690123456"));
    assert_true(has("MF", "+590690123456"));
    assert_true(has("BL", "+590690123456"));
}

static void
what_is_no_number_or_no_country(void **state)
{
    (void)state;
    assert_false(has("DE", "4915112345678"));
    assert_false(has("DE", ""));
    assert_false(has("DE", "+"));
    assert_false(has("DE", "ACME"));
    assert_false(has("QQ", "+4915112345678"));
    assert_true(rd_country_is_known(RD_LIT("DE")));
    assert_false(rd_country_is_known(RD_LIT("de")));
    assert_false(rd_country_is_known(RD_LIT("D")));
    assert_false(rd_country_is_known(RD_LIT("")));
    assert_false(rd_country_is_known(RD_LIT("DEU")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_prefix_decides),
        cmocka_unit_test(countries_that_share_a_prefix_all_have_the_number),
        cmocka_unit_test(what_is_no_number_or_no_country),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
