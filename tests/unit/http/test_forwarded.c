/* X-Forwarded-* is believed for trusted peers only, and read from the near end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "http/forwarded.h"

static struct rd_network networks[4];
static size_t n_networks;

static void
trust(const char *text)
{
    if (rd_network_parse(rd_slice_str(text), &networks[n_networks++]) != 0)
        fail_msg("%s is refused", text);
}

static bool
trusted(const char *address)
{
    return rd_network_has(networks, n_networks, rd_slice_str(address));
}

static void
a_network_has_the_addresses_that_begin_with_it(void **state)
{
    (void)state;
    n_networks = 0;
    trust("10.0.0.0/8");
    trust("192.0.2.128/25");
    trust("2001:db8::/33");
    trust("::1");
    assert_true(trusted("10.255.0.1"));
    assert_false(trusted("11.0.0.1"));
    assert_true(trusted("192.0.2.129"));
    assert_false(trusted("192.0.2.127"));
    assert_true(trusted("2001:db8:7fff::1"));
    assert_false(trusted("2001:db8:8000::1"));
    assert_true(trusted("::1"));
    assert_false(trusted("::2"));
    assert_true(trusted("::ffff:10.1.2.3"));
    assert_false(trusted("unix"));
    assert_false(trusted(""));
    n_networks = 0;
    assert_false(trusted("10.0.0.1"));
    trust("0.0.0.0/0");
    assert_true(trusted("203.0.113.9"));
    assert_false(trusted("::1"));
}

static void
what_is_no_network_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/8x", "10.0.0.0/-1", "10.0.0.1/8",
        "::/129", "2001:db8::1/32", "10.0.0", "example.com", "10.0.0.0/0008",
    };
    struct rd_network n;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (rd_network_parse(rd_slice_str(texts[i]), &n) != RD_E_INVALID)
            fail_msg("\"%s\" is accepted", texts[i]);
}

static void
assert_peer(const char *peer, const char *list, const char *expected)
{
    struct rd_http_header headers[] = {
        { RD_LIT("x-forwarded-for"), RD_LIT("203.0.113.250") },
        { RD_LIT("X-Forwarded-For"), rd_slice_str(list) },
    };
    struct rd_http_request r = { .peer = rd_slice_str(peer), .headers = headers,
                                 .n_headers = list ? 2 : 0 };
    struct rd_slice found = rd_forwarded_peer(&r, networks, n_networks);

    if (!rd_slice_eq(found, rd_slice_str(expected)))
        fail_msg("%s behind %s is %.*s, not %s", list, peer, RD_PRI(found), expected);
}

static void
the_client_is_the_last_that_no_proxy_of_ours_is(void **state)
{
    (void)state;
    n_networks = 0;
    trust("10.0.0.0/8");
    assert_peer("10.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7");
    assert_peer("10.0.0.1", "198.51.100.1, 192.0.2.7 ,10.0.0.2", "192.0.2.7");
    assert_peer("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7");
    assert_peer("10.0.0.1", "2001:db8::7", "2001:db8::7");
    assert_peer("10.0.0.1", "192.0.2.7:4711", "192.0.2.7");
    assert_peer("10.0.0.1", "10.0.0.2, 10.0.0.3", "203.0.113.250");
    assert_peer("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1");
    assert_peer("10.0.0.1", NULL, "10.0.0.1");
    assert_peer("192.0.2.9", "198.51.100.1", "192.0.2.9");
}

static struct rd_public_url
url_of(bool tls, bool trust_it, const struct rd_http_header *headers, size_t n)
{
    struct rd_http_request r = { .tls = tls, .headers = headers, .n_headers = n };
    struct rd_public_url u;

    assert_true(rd_forwarded_url(&r, trust_it, &u));
    return u;
}

#define assert_slice(s, text) assert_true(rd_slice_eq(s, RD_LIT(text)))

static void
without_trust_the_host_header_counts(void **state)
{
    const struct rd_http_header headers[] = {
        { RD_LIT("Host"), RD_LIT("[::1]:8443") },
        { RD_LIT("X-Forwarded-Host"), RD_LIT("evil.example") },
        { RD_LIT("X-Forwarded-Proto"), RD_LIT("http") },
        { RD_LIT("X-Forwarded-Prefix"), RD_LIT("/x") },
    };
    struct rd_public_url u = url_of(true, false, headers, 4);
    struct rd_http_request none = { .tls = true };

    (void)state;
    assert_slice(u.scheme, "https");
    assert_slice(u.host, "[::1]");
    assert_slice(u.port, "8443");
    assert_slice(u.prefix, "");
    assert_false(rd_forwarded_url(&none, false, &u));
}

static void
a_trusted_proxy_says_what_was_called(void **state)
{
    const struct rd_http_header headers[] = {
        { RD_LIT("Host"), RD_LIT("127.0.0.1:8080") },
        { RD_LIT("X-Forwarded-Host"), RD_LIT("bot.example.com, inner.example") },
        { RD_LIT("X-Forwarded-Proto"), RD_LIT("https,http") },
        { RD_LIT("X-Forwarded-Prefix"), RD_LIT("/hook/") },
        { RD_LIT("X-Forwarded-Port"), RD_LIT("443") },
    };
    struct rd_http_header other[] = {
        { RD_LIT("Host"), RD_LIT("bot.example.com") },
        { RD_LIT("X-Forwarded-Proto"), RD_LIT("https") },
        { RD_LIT("X-Forwarded-Port"), RD_LIT("8443") },
    };
    struct rd_public_url u = url_of(false, true, headers, 5);

    (void)state;
    assert_slice(u.scheme, "https");
    assert_slice(u.host, "bot.example.com");
    assert_slice(u.port, "");
    assert_slice(u.prefix, "/hook");
    u = url_of(false, true, other, 3);
    assert_slice(u.host, "bot.example.com");
    assert_slice(u.port, "8443");
    u = url_of(false, true, other, 1);
    assert_slice(u.scheme, "http");
    assert_slice(u.port, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_has_the_addresses_that_begin_with_it),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(the_client_is_the_last_that_no_proxy_of_ours_is),
        cmocka_unit_test(without_trust_the_host_header_counts),
        cmocka_unit_test(a_trusted_proxy_says_what_was_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
