/*
 * No branch and no address depends on a token: run under valgrind, with the token, and
 * so its pads and every MAC made of it, marked as undefined memory. Without valgrind it runs, but
 * proves only the verdicts; tests/e2e/test_constant_time.py runs it under valgrind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/error.h"
#include "base/secret.h"
#include "twilio/signature.h"

static void
make_secret(void *p, size_t n)
{
#ifdef RD_SECRET_CHECKED
    VALGRIND_MAKE_MEM_UNDEFINED(p, n);
#else
    (void)p;
    (void)n;
#endif
}

static void
make_secret_token(struct rd_token *t, const char *text)
{
    char copy[128];
    size_t n = strlen(text);

    memcpy(copy, text, n);
    make_secret(copy, n);
    rd_token_init(t, rd_slice_make(copy, n));
}

static int
verdict(const struct rd_token *tokens, size_t n, const char *signature)
{
    static struct rd_param params[] = { { RD_LIT("Body"), RD_LIT("hello") },
                                        { RD_LIT("AccountSid"), RD_LIT("AC1") } };
    struct rd_params all = { params, 2 };
    struct rd_slice header = rd_slice_str(signature), urls[2] = {
        RD_LIT("https://bot.example.com/sms"), RD_LIT("https://bot.example.com:443/sms") };
    struct rd_signature_input in = {
        .mode = RD_SIGNED_FORM, .headers = &header, .n_headers = 1, .urls = urls, .n_urls = 2,
        .params = &all, .tokens = tokens, .n_tokens = n,
    };
    enum rd_signature_failure why;

    return rd_signature_check(&in, &why);
}

static void
a_secret_token_decides_nothing_but_the_verdict(void **state)
{
    static const char text[] = "0123456789abcdef0123456789abcdef";
    static struct rd_param params[] = { { RD_LIT("Body"), RD_LIT("hello") },
                                        { RD_LIT("AccountSid"), RD_LIT("AC1") } };
    struct rd_params all = { params, 2 };
    char right[RD_SIGNATURE_TEXT + 1], wrong[RD_SIGNATURE_TEXT + 1];
    struct rd_token tokens[3], open;

    (void)state;
    rd_token_init(&open, rd_slice_str(text));
    assert_int_equal(rd_signature_make(&open, RD_LIT("https://bot.example.com:443/sms"), &all,
                                       right), 0);
    make_secret_token(&tokens[0], "a shorter one");
    make_secret_token(&tokens[1], text);
    make_secret_token(&tokens[2], "longer than a block of SHA-1: "
                                  "0123456789abcdef0123456789abcdef0123456789abcdef");
    assert_int_equal(verdict(tokens, 3, right), 1);
    for (size_t i = 0; i < RD_SIGNATURE_TEXT - 1; i++) {    /* wrong at one place */
        memcpy(wrong, right, sizeof wrong);
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        assert_int_equal(verdict(tokens, 3, wrong), RD_E_FORBIDDEN);
    }
    rd_token_wipe(&tokens[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_token_decides_nothing_but_the_verdict),
    };

#ifdef RD_SECRET_CHECKED
    printf("under valgrind: %s\n", RUNNING_ON_VALGRIND ? "yes" : "no");
#else
    printf("under valgrind: no, its header was missing\n");
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
