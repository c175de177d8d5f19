/* Whom `replyd text` gives a password; tests/e2e/test_text.py has the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/text_auth.h"

static void
a_name_that_begins_like_loopback_is_another_machine(void **state)
{
    static const struct { struct rd_slice url; bool local; } rows[] = {
        { RD_LIT("http://127.0.0.1:8080"), true }, { RD_LIT("https://127.255.0.9"), true },
        { RD_LIT("https://[::1]:8443"), true },    { RD_LIT("http://LocalHost"), true },
        { RD_LIT("http://127.0.0.1.example.com"), false },
        { RD_LIT("http://127.example"), false },   { RD_LIT("http://127."), false },
        { RD_LIT("http://[::2]"), false },         { RD_LIT("http://localhost.example"), false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rd_public_url u;

        assert_int_equal(rd_public_url_parse(rows[i].url, &u), 0);
        if (rd_text_is_loopback(&u) != rows[i].local)
            fail_msg("%.*s", RD_PRI(rows[i].url));
    }
}

static bool
told(const char *url, const char *listener_host, uint16_t port)
{
    struct rd_listen l = { .host = rd_slice_str(listener_host), .port = port };
    struct rd_config c = { .basic_auth = RD_LIT("c2VjcmV0"), .listen = &l, .n_listen = 1 };
    struct rd_public_url to;
    struct rd_buf out;
    bool yes;

    rd_buf_init(&out, 1024);
    assert_int_equal(rd_public_url_parse(rd_slice_str(url), &to), 0);
    assert_int_equal(rd_text_auth_put(&c, rd_slice_str(url), &to, &out), 0);
    yes = out.n > 0;
    rd_buf_free(&out);
    return yes;
}

static void
a_password_goes_to_our_own_listener(void **state)
{
    (void)state;
    assert_true(told("http://127.0.0.1:81", "127.0.0.1", 81));
    assert_true(told("http://127.0.0.1", "0.0.0.0", 80));
    assert_true(told("http://[::1]:5", "::", 0));
    assert_true(told("http://10.0.0.5:81", "10.0.0.5", 81));
    assert_false(told("http://10.0.0.6:81", "10.0.0.5", 81));
    assert_false(told("http://10.0.0.6:81", "0.0.0.0", 81));
    assert_false(told("http://127.0.0.1.example.com:81", "127.0.0.1", 81));
    assert_false(told("http://127.0.0.1:82", "127.0.0.1", 81));
    assert_false(told("https://127.0.0.1:81", "127.0.0.1", 81));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_begins_like_loopback_is_another_machine),
        cmocka_unit_test(a_password_goes_to_our_own_listener),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
