/*
 * Forgeries: a valid request with one bit, one byte or one parameter changed is never
 * accepted, unless what it signs is still the same (then the naive rules say so).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/error.h"
#include "http/form.h"
#include "naive.h"
#include "twilio/signature.h"
#include "vectors.h"

#define FORGERY_MOST 4096

static const char token_text[] = "0123456789abcdef0123456789abcdef";

/* What arrives: three stretches of bytes that a forger may change. */
struct forgery {
    char signature[RD_SIGNATURE_TEXT + 1], url[256], form[FORGERY_MOST];
    size_t signature_n, url_n, form_n;
};

static void
put(struct forgery *f, const char *text)
{
    size_t n = strlen(text);

    assert_true(f->form_n + n < sizeof f->form);
    memcpy(f->form + f->form_n, text, n);
    f->form_n += n;
}

/* A message of random words, as Twilio would write it. */
static void
put_message(struct forgery *f)
{
    static const char *const words[] = { "hello", "+", "%F0%9F%91%8D", "1%2B1", "%C3%BC", "x",
                                         "%26", "%3D", "0", "STOP" };

    f->form_n = 0;
    put(f, "ToCountry=US&SmsMessageSid=SM1&NumMedia=0&FromZip=&MediaUrl1=a&MediaUrl10=b&Body=");
    for (uint32_t i = random_below(12); i > 0; i--)
        put(f, words[random_below(sizeof words / sizeof *words)]);
    put(f, "&From=%2B15551230001&To=%2B15550006789&AccountSid=AC1&ApiVersion=2010-04-01");
}

static void
sign_naively(const struct forgery *f, char out[29])
{
    size_t count;
    struct naive_pair *pairs = naive_form(f->form, f->form_n, &count);

    naive_signature(token_text, sizeof token_text - 1, f->url, f->url_n, pairs, count, out);
    naive_free(pairs, count);
}

static void
forgery_valid(struct forgery *f)
{
    f->url_n = (size_t)snprintf(f->url, sizeof f->url, "https://bot.example.com/sms/%u?a=%u",
                                random_below(10), random_below(1000));
    put_message(f);
    sign_naively(f, f->signature);
    f->signature_n = RD_SIGNATURE_TEXT;
}

static bool
accepted(const struct forgery *f, const struct rd_token *token)
{
    struct rd_slice header = rd_slice_make(f->signature, f->signature_n),
                    url = rd_slice_make(f->url, f->url_n);
    struct rd_params params;
    struct rd_signature_input in = {
        .mode = RD_SIGNED_FORM, .headers = &header, .n_headers = 1, .urls = &url, .n_urls = 1,
        .params = &params, .tokens = token, .n_tokens = 1,
    };
    enum rd_signature_failure why;
    struct rd_arena a;
    bool yes;

    rd_arena_init(&a, 1 << 20);
    assert_int_equal(rd_form_decode(rd_slice_make(f->form, f->form_n), SIZE_MAX, &a, &params), 0);
    yes = rd_signature_check(&in, &why) == 0;
    rd_arena_free(&a);
    return yes;
}

/* ---- what forgers do ---------------------------------------------------------------- */

/* A place in one of the stretches; all of them alike, however short. */
static char *
any_byte(struct forgery *f)
{
    switch (random_below(3)) {
    case 0: return &f->signature[random_below((uint32_t)f->signature_n)];
    case 1: return &f->url[random_below((uint32_t)f->url_n)];
    default: return &f->form[random_below((uint32_t)f->form_n)];
    }
}

static void
change_bit(struct forgery *f)
{
    char *at = any_byte(f);

    *at = (char)(*at ^ 1 << random_below(8));
}

static void
change_byte(struct forgery *f)
{
    *any_byte(f) = (char)random_below(256);
}

static void
cut(struct forgery *f, size_t from, size_t n)
{
    memmove(f->form + from, f->form + from + n, f->form_n - from - n);
    f->form_n -= n;
}

/* Start and length of the i-th parameter with the "&" before it. */
static size_t
find_param(const struct forgery *f, uint32_t i, size_t *n)
{
    size_t at = 0, end;

    while (i-- > 0)
        at += 1 + rd_slice_find(rd_slice_make(f->form + at + 1, f->form_n - at - 1), '&');
    end = at + 1 + rd_slice_find(rd_slice_make(f->form + at + 1, f->form_n - at - 1), '&');
    *n = end - at;
    return at;
}

static void
change_parameter(struct forgery *f)
{
    static const char *const more[] = { "&Body=other", "&Extra=", "&From=%2B15550000000", "&=x",
                                        "&AccountSid=AC2", "&MediaUrl0=c" };
    size_t n, at = find_param(f, random_below(10), &n);
    char copy[FORGERY_MOST];

    switch (random_below(4)) {
    case 0:
        cut(f, at, n);
        break;
    case 1:
        put(f, more[random_below(sizeof more / sizeof *more)]);
        break;
    case 2:    /* once more, with another value */
        snprintf(copy, sizeof copy, "%.*s%u", (int)n, f->form + at, random_below(10));
        copy[0] = '&';
        put(f, copy);
        break;
    default:    /* a longer value */
        snprintf(copy, sizeof copy, "%.*s", (int)(f->form_n - at - n), f->form + at + n);
        f->form_n = at + n;
        put(f, "0");
        put(f, copy);
    }
}

static void
no_forgery_is_accepted(void **state)
{
    static void (*const ways[])(struct forgery *) = { change_bit, change_byte, change_parameter };
    size_t n = scaled(100000, 10000), same = 0, ends = 0;
    struct rd_token token;

    (void)state;
    rd_token_init(&token, rd_slice_make(token_text, sizeof token_text - 1));
    for (size_t i = 0; i < n; i++) {
        struct forgery f;
        char wanted[29];

        forgery_valid(&f);
        assert_true(accepted(&f, &token));
        ways[i % 3](&f);
        sign_naively(&f, wanted);
        if (memcmp(wanted, f.signature, RD_SIGNATURE_TEXT) == 0) {
            same++;    /* "%2b" is "%2B": nothing was forged */
            assert_true(accepted(&f, &token));
        } else {
            ends++;
            if (accepted(&f, &token))
                fail_msg("accepted: %.*s %.*s %.*s", (int)f.signature_n, f.signature, (int)f.url_n,
                         f.url, (int)f.form_n, f.form);
        }
    }
    print_message("%zu forgeries, 0 accepted; %zu changes that changed nothing\n", ends, same);
    assert_true(same < n / 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_forgery_is_accepted),
    };

    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
