/* The URL that Twilio signed is rebuilt from the configuration, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "http/public_url.h"

static struct rd_public_url
parsed(const char *text)
{
    struct rd_public_url u;

    if (rd_public_url_parse(rd_slice_str(text), &u) != 0)
        fail_msg("%s is refused", text);
    return u;
}

#define assert_slice(s, text) assert_true(rd_slice_eq(s, RD_LIT(text)))

static void
a_public_url_has_four_parts(void **state)
{
    struct rd_public_url u = parsed("https://user:pa@ss@bot.example.com:8443/a/b/#rc=2");

    (void)state;
    assert_slice(u.scheme, "https");
    assert_slice(u.host, "bot.example.com");
    assert_slice(u.port, "8443");
    assert_slice(u.prefix, "/a/b");
    u = parsed("http://[2001:db8::1]:80");
    assert_slice(u.host, "[2001:db8::1]");
    assert_slice(u.port, "80");
    assert_slice(u.prefix, "");
    u = parsed("HTTPS://Bot.Example.com/");
    assert_slice(u.scheme, "HTTPS");
    assert_slice(u.host, "Bot.Example.com");
    assert_slice(u.port, "");
    assert_slice(u.prefix, "");
}

static void
what_is_no_public_url_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "bot.example.com", "https:/bot.example.com", "https://", "https:///sms", "ftp://h",
        "wss://h", "https://h?x=1", "https://h/p?x=1", "https://h:", "https://h:0",
        "https://h:65536", "https://h:8x", "https://h h", "https://h/\"", " https://h",
        "https://h\n", "https://u@", "://h",
    };
    struct rd_public_url u;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (rd_public_url_parse(rd_slice_str(texts[i]), &u) != RD_E_INVALID)
            fail_msg("\"%s\" is accepted", texts[i]);
}

static void
a_prefix_is_taken_off_at_a_slash(void **state)
{
    struct rd_public_url u = parsed("https://h/bot"), bare = parsed("https://h");
    struct rd_slice rest;

    (void)state;
    assert_true(rd_public_url_strip(&u, RD_LIT("/bot/sms"), &rest));
    assert_slice(rest, "/sms");
    assert_true(rd_public_url_strip(&u, RD_LIT("/bot"), &rest));
    assert_slice(rest, "/");
    assert_true(rd_public_url_strip(&u, RD_LIT("/bot/"), &rest));
    assert_slice(rest, "/");
    assert_false(rd_public_url_strip(&u, RD_LIT("/bots"), &rest));
    assert_false(rd_public_url_strip(&u, RD_LIT("/"), &rest));
    assert_true(rd_public_url_strip(&bare, RD_LIT("/bots"), &rest));
    assert_slice(rest, "/bots");
}

/* The candidates of a public URL and target, each followed by a blank. */
static void
assert_candidates(const char *url, const char *target, const char *wanted)
{
    struct rd_slice out[RD_URL_CANDIDATES];
    struct rd_buf b, all;
    size_t n;

    rd_buf_init(&b, 4096);
    rd_buf_init(&all, 4096);
    if (target != NULL) {
        struct rd_public_url u = parsed(url);

        n = rd_public_url_candidates(&u, rd_slice_str(target), &b, out);
    } else {
        n = rd_url_candidates(rd_slice_str(url), &b, out);
    }
    for (size_t i = 0; i < n; i++)
        rd_buf_printf(&all, "%.*s ", RD_PRI(out[i]));
    if (!rd_slice_eq(rd_buf_slice(&all), rd_slice_str(wanted)))
        fail_msg("%s %s: %.*s", url, target ? target : "", RD_PRI(rd_buf_slice(&all)));
    rd_buf_free(&b);
    rd_buf_free(&all);
}

static void
candidates_are_best_first(void **state)
{
    (void)state;
    assert_candidates("https://h", "/sms?a=1", "https://h/sms?a=1 https://h:443/sms?a=1 ");
    assert_candidates("http://h", "/sms", "http://h/sms http://h:80/sms ");
    assert_candidates("https://h:8443", "/sms", "https://h:8443/sms https://h/sms ");
    assert_candidates("https://h:443", "/sms", "https://h:443/sms https://h/sms ");
    assert_candidates("https://[::1]:8443", "/s", "https://[::1]:8443/s https://[::1]/s ");
    assert_candidates("https://h", "/", "https://h/ https://h:443/ https://h https://h:443 ");
    assert_candidates(
        "https://h", "/?q", "https://h/?q https://h:443/?q https://h?q https://h:443?q ");
    assert_candidates("HTTPS://u:p@H/", "/A%20b//c", "HTTPS://H/A%20b//c HTTPS://H:443/A%20b//c ");
    assert_candidates("https://h", "/sms#x?y", "https://h/sms https://h:443/sms ");
}

static void
a_prefix_stays_and_comes_back_when_a_proxy_took_it(void **state)
{
    (void)state;
    assert_candidates("https://h/bot", "/bot/sms", "https://h/bot/sms https://h:443/bot/sms ");
    assert_candidates(
        "https://h/bot/", "/sms?a=/bot", "https://h/bot/sms?a=/bot https://h:443/bot/sms?a=/bot ");
    assert_candidates("https://h/bot", "/",
                      "https://h/bot/ https://h:443/bot/ https://h/bot https://h:443/bot ");
    assert_candidates("https://h/bot", "/bot", "https://h/bot https://h:443/bot ");
}

static void
a_complete_url_is_taken_as_it_is(void **state)
{
    (void)state;
    assert_candidates(
        "https://gw.example.com", NULL, "https://gw.example.com https://gw.example.com:443 ");
    assert_candidates("https://h/sms?", NULL, "https://h/sms? https://h:443/sms? ");
    assert_candidates("https://u:p@h:1/a@b#rc=2", NULL, "https://h:1/a@b https://h/a@b ");
    assert_candidates("wss://h/x", NULL, "wss://h/x wss://h:80/x ");
    assert_candidates(
        "https://h?u=https://x:9/", NULL, "https://h?u=https://x:9/ https://h:443?u=https://x:9/ ");
    assert_candidates("no url", NULL, "");
    assert_candidates("https://", NULL, "");
}

static void
a_full_buffer_gives_no_candidates(void **state)
{
    struct rd_slice out[RD_URL_CANDIDATES];
    struct rd_public_url u = parsed("https://h");
    struct rd_buf b;

    (void)state;
    rd_buf_init(&b, 20);
    assert_int_equal(rd_public_url_candidates(&u, RD_LIT("/long/target"), &b, out), 0);
    rd_buf_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_public_url_has_four_parts),
        cmocka_unit_test(what_is_no_public_url_is_refused),
        cmocka_unit_test(a_prefix_is_taken_off_at_a_slash),
        cmocka_unit_test(candidates_are_best_first),
        cmocka_unit_test(a_prefix_stays_and_comes_back_when_a_proxy_took_it),
        cmocka_unit_test(a_complete_url_is_taken_as_it_is),
        cmocka_unit_test(a_full_buffer_gives_no_candidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
