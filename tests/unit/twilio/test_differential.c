/* Random requests: forms and signatures are what a naive implementation makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/error.h"
#include "http/form.h"
#include "naive.h"
#include "twilio/signature.h"
#include "vectors.h"

#define FORM_MOST 4096

static const char *const pieces[] = {
    "&", "&", "&", "=", "=", "+", "%", "%2", "%zz", "%41", "%00", "%C3%A9", "%c3", "%A9",
    "%F0%9F%91%8D", "%ED%A0%BD", "%E2%82", "%FF", "%26", "%3D", ";", "a", "b", "A", "Body",
    "MediaUrl1", "MediaUrl10", "From", "x=1&x=1", "x=2&x=1", "\xC3\xA9", "\xC3",
    "\xF4\x90\x80\x80", "\xE0\x9F\xBF", "&&", "a b",
};

/* A form of random pieces and some random bytes. */
static size_t
random_form(char out[FORM_MOST])
{
    size_t n = 0, count = random_below(random_below(8) == 0 ? 600 : 60);

    while (count-- > 0) {
        const char *piece = pieces[random_below(sizeof pieces / sizeof pieces[0])];

        if (random_below(20) == 0)
            out[n++] = (char)random_below(256);
        if (n + strlen(piece) + 1 >= FORM_MOST)
            break;
        memcpy(out + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return n;
}

static bool
same(struct rd_slice s, struct naive_text t)
{
    return s.n == t.n && (s.n == 0 || memcmp(s.p, t.p, s.n) == 0);
}

static void
assert_same_pairs(const struct rd_params *params, const struct naive_pair *pairs, size_t count)
{
    assert_int_equal(params->n, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(same(params->at[i].name, pairs[i].name));
        assert_true(same(params->at[i].value, pairs[i].value));
    }
}

/* Accepted as it is, refused with one bit changed. */
static void
assert_verdicts(const struct rd_token *t, struct rd_slice url, const struct rd_params *params,
                const char *signature)
{
    char changed[RD_SIGNATURE_TEXT];
    struct rd_slice header = rd_slice_str(signature);
    struct rd_signature_input in = {
        .mode = RD_SIGNED_FORM, .headers = &header, .n_headers = 1, .urls = &url, .n_urls = 1,
        .params = params, .tokens = t, .n_tokens = 1,
    };
    enum rd_signature_failure why;
    size_t at = random_below(sizeof changed);

    assert_int_equal(rd_signature_check(&in, &why), 0);
    memcpy(changed, signature, sizeof changed);
    changed[at] = (char)(changed[at] ^ 1 << random_below(8));
    header = rd_slice_make(changed, sizeof changed);
    assert_int_equal(rd_signature_check(&in, &why), RD_E_FORBIDDEN);
}

static void
one_request(void)
{
    char form[FORM_MOST], token[100], wanted[29], made[RD_SIGNATURE_TEXT + 1];
    size_t n = random_form(form), count, token_n = random_below(sizeof token);
    struct rd_slice url = RD_LIT("https://bot.example.com/sms?a=%20b");
    struct naive_pair *pairs = naive_form(form, n, &count);
    struct rd_params params;
    struct rd_token t;
    struct rd_arena a;

    for (size_t i = 0; i < token_n; i++)
        token[i] = (char)random_below(256);
    rd_arena_init(&a, 1 << 20);
    assert_int_equal(rd_form_decode(rd_slice_make(form, n), SIZE_MAX, &a, &params), 0);
    assert_same_pairs(&params, pairs, count);
    naive_signature(token, token_n, url.p, url.n, pairs, count, wanted);
    rd_token_init(&t, rd_slice_make(token, token_n));
    assert_int_equal(rd_signature_make(&t, url, &params, made), 0);
    assert_string_equal(made, wanted);
    assert_verdicts(&t, url, &params, wanted);
    rd_arena_free(&a);
    naive_free(pairs, count);
}

static void
random_requests_agree_with_the_naive_rules(void **state)
{
    size_t rounds = scaled(1000000, 10000);

    (void)state;
    for (size_t i = 0; i < rounds; i++)
        one_request();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_requests_agree_with_the_naive_rules),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
