/* Routes that no message can take are told, with the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/route_never.h"

static struct rd_account accounts[] = { { .sid = RD_LIT("AC1") } };
static struct rd_public_url url = { RD_LIT("https"), RD_LIT("h"), RD_LIT(""), RD_LIT("/hook") };

/* Why the last of the routes can never match; "" when it can. */
static void
assert_never(struct rd_route *routes, size_t n, const char *expected)
{
    struct rd_config c = { .routes = routes, .n_routes = n, .accounts = accounts,
                           .n_accounts = 1, .public_urls = &url, .n_public_urls = 1 };
    struct rd_buf why;
    bool never;

    rd_buf_init(&why, 1024);
    never = rd_route_never(&c, n - 1, &why);
    rd_buf_put_char(&why, '\0');
    assert_string_equal(why.p, expected);
    assert_int_equal(never, *expected != '\0');
    rd_buf_free(&why);
}

#define TREE(p) .path = RD_LIT(p), .subtree = true
#define EXACT(p) .path = RD_LIT(p)

static void
a_route_behind_a_wider_one(void **state)
{
    struct rd_route shadowed[] = { { EXACT("/b") }, { TREE("/") }, { EXACT("/a") } };
    struct rd_route narrow[] = { { TREE("/"), .channel = RD_LIT("sms") }, { EXACT("/a") } };
    struct rd_route address[] = { { TREE("/"), .to = RD_LIT("+1") },
                                  { TREE("/"), .to = RD_LIT("whatsapp:+1") } };
    struct rd_route other[] = { { TREE("/"), .to = RD_LIT("whatsapp:+1") },
                                { TREE("/"), .to = RD_LIT("+1") } };

    (void)state;
    assert_never(shadowed, 3, "routes[2] comes first");
    assert_never(narrow, 2, "");
    assert_never(address, 2, "routes[1] comes first");
    assert_never(other, 2, "");
}

static void
a_route_of_an_account_without_token(void **state)
{
    struct rd_route known = { TREE("/"), .account = RD_LIT("AC1") };
    struct rd_route unknown = { TREE("/"), .account = RD_LIT("AC2") };

    (void)state;
    assert_never(&known, 1, "");
    assert_never(&unknown, 1, "no auth_token for account AC2");
    accounts[0].sid = RD_LIT("");    /* takes any */
    assert_never(&unknown, 1, "");
    accounts[0].sid = RD_LIT("AC1");
}

static void
an_address_of_another_channel(void **state)
{
    struct rd_route wrong = { TREE("/"), .to = RD_LIT("rcs:bot"), .channel = RD_LIT("whatsapp") };
    struct rd_route right = { TREE("/"), .to = RD_LIT("rcs:bot"), .channel = RD_LIT("rcs") };
    struct rd_route plain = { TREE("/"), .to = RD_LIT("+1555"), .channel = RD_LIT("whatsapp") };

    (void)state;
    assert_never(&wrong, 1, "rcs:bot is no address of channel whatsapp");
    assert_never(&right, 1, "");
    assert_never(&plain, 1, "");
}

static void
a_path_with_the_prefix_in_it(void **state)
{
    struct rd_route twice = { EXACT("/hook/sms") }, other = { EXACT("/hooks") };

    (void)state;
    assert_never(&twice, 1, "paths are below public_url's prefix /hook already");
    assert_never(&other, 1, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_behind_a_wider_one),
        cmocka_unit_test(a_route_of_an_account_without_token),
        cmocka_unit_test(an_address_of_another_channel),
        cmocka_unit_test(a_path_with_the_prefix_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
