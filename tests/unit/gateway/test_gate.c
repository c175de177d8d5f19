/* allow, deny and countries of a route decide who reaches its script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/gate.h"

static struct rd_slice allow[2], deny[2], countries[2];

static struct rd_patterns
patterns(struct rd_slice room[2], const char *a, const char *b)
{
    room[0] = rd_slice_str(a);
    room[1] = rd_slice_str(b);
    return (struct rd_patterns){ room, b ? 2 : a ? 1 : 0 };
}

static const char *
refuses(const struct rd_route *route, const char *from, const char *phone)
{
    struct rd_message m = { .from = rd_slice_str(from), .phone = rd_slice_str(phone) };
    const char *why = rd_gate_refuses(route, &m);

    m.kind = RD_KIND_STATUS;
    assert_null(rd_gate_refuses(route, &m));
    return why ? why : "no";
}

static void
without_lists_everybody_passes(void **state)
{
    struct rd_route route = { .subtree = true };

    (void)state;
    assert_string_equal(refuses(&route, "+15551230001", "+15551230001"), "no");
    assert_string_equal(refuses(&route, "", ""), "no");
}

static void
allow_takes_addresses_and_beginnings(void **state)
{
    struct rd_route route = { .allow = patterns(allow, "+15551230001", "+49*") };

    (void)state;
    assert_string_equal(refuses(&route, "+15551230001", "+15551230001"), "no");
    assert_string_equal(refuses(&route, "whatsapp:+15551230001", "+15551230001"), "no");
    assert_string_equal(refuses(&route, "+4930123456", "+4930123456"), "no");
    assert_string_equal(refuses(&route, "+155512300012", ""), "allow");
    assert_string_equal(refuses(&route, "+1555123000", ""), "allow");
    assert_string_equal(refuses(&route, "", ""), "allow");
}

static void
a_channel_in_a_pattern_counts(void **state)
{
    struct rd_route route = { .allow = patterns(allow, "whatsapp:+1555*", "messenger:123") };

    (void)state;
    assert_string_equal(refuses(&route, "whatsapp:+15551230001", "+15551230001"), "no");
    assert_string_equal(refuses(&route, "+15551230001", "+15551230001"), "allow");
    assert_string_equal(refuses(&route, "messenger:123", ""), "no");
}

static void
deny_goes_before_allow(void **state)
{
    struct rd_route route = { .allow = patterns(allow, "+1*", NULL),
                              .deny = patterns(deny, "+1900*", "12345") };

    (void)state;
    assert_string_equal(refuses(&route, "+15551230001", ""), "no");
    assert_string_equal(refuses(&route, "+19005551234", ""), "deny");
    assert_string_equal(refuses(&route, "12345", ""), "deny");
}

static void
countries_are_told_by_the_number(void **state)
{
    struct rd_route route = { .countries = patterns(countries, "DE", "+43") };

    (void)state;
    assert_string_equal(refuses(&route, "whatsapp:+4930123456", "+4930123456"), "no");
    assert_string_equal(refuses(&route, "+43123", "+43123"), "no");
    assert_string_equal(refuses(&route, "+15551230001", "+15551230001"), "countries");
    assert_string_equal(refuses(&route, "messenger:4930", ""), "countries");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_lists_everybody_passes),
        cmocka_unit_test(allow_takes_addresses_and_beginnings),
        cmocka_unit_test(a_channel_in_a_pattern_counts),
        cmocka_unit_test(deny_goes_before_allow),
        cmocka_unit_test(countries_are_told_by_the_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
