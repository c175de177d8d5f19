/*
 * verify.c - what verification costs, against a bare HMAC-SHA1 of the same bytes.
 *
 * One form of 600 bytes, 22 parameters: decoded into an arena, and its signature
 * checked, as the gateway does it; beside a bare HMAC of the very bytes that are signed,
 * mbedTLS's and ours, with the key's pads hashed beforehand. Rounds are interleaved.
 * Allocations are counted (the linker wraps them). Called by bench.py.
 */
#include <mbedtls/sha1.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "http/form.h"
#include "twilio/signature.h"

#define VERIFY_ROUNDS 51
#define VERIFY_RUNS 2000     /* of each, in a round */
#define VERIFY_ARENA ((size_t)600 * 4 + (size_t)256 * 1024)    /* as step DECODE's */
#define VERIFY_BYTES 600

static const struct rd_slice verify_url = { "https://sms.example.com/incoming", 32 };
static const char verify_token[] = "0123456789abcdef0123456789abcdef";

static const char *const verify_params[][2] = {
    { "ToCountry", "US" }, { "ToState", "CA" },
    { "SmsMessageSid", "SM0123456789abcdef0123456789abcdef" }, { "NumMedia", "0" },
    { "ToCity", "SAN FRANCISCO" }, { "FromZip", "94105" },
    { "SmsSid", "SM0123456789abcdef0123456789abcdef" }, { "FromState", "CA" },
    { "SmsStatus", "received" }, { "FromCity", "SAN FRANCISCO" },
    { "Body", "where is my package? call me back at noon" }, { "FromCountry", "US" },
    { "To", "+14155550100" }, { "MessagingServiceSid", "MG0123456789abcdef0123456789abcdef" },
    { "ToZip", "94105" }, { "NumSegments", "1" }, { "ReferralNumMedia", "0" },
    { "MessageSid", "SM0123456789abcdef0123456789abcdef" },
    { "AccountSid", "ACfedcba9876543210fedcba9876543210" }, { "From", "+14155551234" },
    { "OptOutType", "" }, { "ApiVersion", "2010-04-01" },
};

#define VERIFY_PARAMS (sizeof verify_params / sizeof *verify_params)

static struct {
    struct rd_token token;
    mbedtls_sha1_context inner, outer;    /* the same for mbedTLS */
    struct rd_params params;          /* decoded once, for what needs no decoding */
    struct rd_arena arena;
    char form[1024], covered[1024];
    size_t form_n, covered_n;
    char signature[RD_SIGNATURE_TEXT + 1];
    volatile unsigned sink;
} verify;

/* ---- allocations ------------------------------------------------------------------- */

static unsigned long verify_allocations;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *
__wrap_malloc(size_t n)
{
    verify_allocations++;
    return __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    verify_allocations++;
    return __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
    verify_allocations++;
    return __real_realloc(p, n);
}

/* ---- what is measured ---------------------------------------------------------------- */

static _Noreturn void
verify_die(const char *what)
{
    fprintf(stderr, "verify: %s\n", what);
    exit(1);
}

static void
verify_hmac(void)
{
    mbedtls_sha1_context hash = verify.inner;
    unsigned char out[20];

    mbedtls_sha1_update(&hash, (const unsigned char *)verify.covered, verify.covered_n);
    mbedtls_sha1_finish(&hash, out);
    hash = verify.outer;
    mbedtls_sha1_update(&hash, out, sizeof out);
    mbedtls_sha1_finish(&hash, out);
    verify.sink += out[0];
}

static void
verify_hmac_own(void)
{
    struct rd_sha1 hash = verify.token.inner;
    unsigned char out[RD_SHA1_HASH];

    rd_sha1_update(&hash, verify.covered, verify.covered_n);
    rd_sha1_final(&hash, out);
    hash = verify.token.outer;
    rd_sha1_update(&hash, out, sizeof out);
    rd_sha1_final(&hash, out);
    verify.sink += out[0];
}

static void
verify_check_params(const struct rd_params *params)
{
    struct rd_slice header = { verify.signature, RD_SIGNATURE_TEXT };
    enum rd_signature_failure why;
    struct rd_signature_input in = {
        .mode = RD_SIGNED_FORM, .headers = &header, .n_headers = 1, .urls = &verify_url,
        .n_urls = 1, .params = params, .tokens = &verify.token, .n_tokens = 1,
    };

    if (rd_signature_check(&in, &why) != 0)
        verify_die("a right signature was refused");
}

static void
verify_check(void)
{
    verify_check_params(&verify.params);
}

static void
verify_whole(void)
{
    struct rd_arena arena;
    struct rd_params params;

    rd_arena_init(&arena, VERIFY_ARENA);
    if (rd_form_decode(rd_slice_make(verify.form, verify.form_n), 1000, &arena, &params) != 0)
        verify_die("the form was refused");
    verify_check_params(&params);
    rd_arena_free(&arena);
}

/* ---- set-up, timing ------------------------------------------------------------------- */

static int
verify_by_name(const void *a, const void *b)
{
    const struct rd_param *x = a, *y = b;

    return rd_slice_cmp(x->name, y->name);
}

static void
verify_cover(struct rd_slice s)
{
    memcpy(verify.covered + verify.covered_n, s.p, s.n);
    verify.covered_n += s.n;
}

static void
verify_pad(mbedtls_sha1_context *hash, unsigned char pad)
{
    unsigned char block[64];

    memset(block, pad, sizeof block);
    for (size_t i = 0; i < sizeof verify_token - 1; i++)
        block[i] ^= (unsigned char)verify_token[i];
    mbedtls_sha1_init(hash);
    mbedtls_sha1_starts(hash);
    mbedtls_sha1_update(hash, block, sizeof block);
}

/* The form, padded to VERIFY_BYTES by its Body; the bytes that its signature covers. */
static void
verify_init(void)
{
    struct rd_param table[VERIFY_PARAMS];
    struct rd_params params = { table, VERIFY_PARAMS };
    struct rd_buf form;
    char body[512];
    size_t n = (size_t)snprintf(body, sizeof body, "%s", verify_params[10][1]);

    rd_buf_init(&form, sizeof verify.form);
    for (;; body[n++] = 'x') {
        for (size_t i = 0; i < VERIFY_PARAMS; i++)
            table[i] = (struct rd_param){ rd_slice_str(verify_params[i][0]),
                                          rd_slice_str(verify_params[i][1]) };
        table[10].value = rd_slice_make(body, n);
        rd_buf_reset(&form);
        rd_form_encode(&params, &form);
        if (form.n >= VERIFY_BYTES || n + 1 == sizeof body)
            break;
    }
    verify.form_n = form.n;
    memcpy(verify.form, form.p, form.n);
    rd_buf_free(&form);
    rd_token_init(&verify.token, rd_slice_str(verify_token));
    verify_pad(&verify.inner, 0x36);
    verify_pad(&verify.outer, 0x5C);
    if (rd_signature_make(&verify.token, verify_url, &params, verify.signature) != 0)
        verify_die("could not sign");
    rd_arena_init(&verify.arena, VERIFY_ARENA);
    if (rd_form_decode(rd_slice_make(verify.form, verify.form_n), 1000, &verify.arena,
                       &verify.params) != 0)
        verify_die("the form was refused");
    qsort(table, VERIFY_PARAMS, sizeof *table, verify_by_name);
    verify_cover(verify_url);
    for (size_t i = 0; i < VERIFY_PARAMS; i++) {
        verify_cover(table[i].name);
        verify_cover(table[i].value);
    }
}

/* Nanoseconds of one run. */
static double
verify_time(void (*what)(void))
{
    struct timespec a, b;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    for (int i = 0; i < VERIFY_RUNS; i++)
        what();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    return ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / VERIFY_RUNS;
}

static int
verify_by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static unsigned long
verify_count(void (*what)(void))
{
    unsigned long before = verify_allocations;

    what();
    return verify_allocations - before;
}

#define WHAT_COUNT 4

int
main(void)
{
    static void (*const what[WHAT_COUNT])(void) = {
        verify_hmac, verify_hmac_own, verify_check, verify_whole };
    static const char *const name[WHAT_COUNT] = {
        "bare HMAC-SHA1 (mbedTLS)", "bare HMAC-SHA1 (ours)",
        "signature check", "form decode + signature check" };
    static double ns[WHAT_COUNT][VERIFY_ROUNDS], ratio[WHAT_COUNT][VERIFY_ROUNDS];

    verify_init();
    for (int round = 0; round < VERIFY_ROUNDS; round++)
        for (int i = 0; i < WHAT_COUNT; i++) {
            ns[i][round] = verify_time(what[i]);
            ratio[i][round] = ns[i][round] / ns[0][round];
        }
    printf("verification of a form of %zu bytes (%zu signed), %d rounds of %d\n", verify.form_n,
           verify.covered_n, VERIFY_ROUNDS, VERIFY_RUNS);
    for (int i = 0; i < WHAT_COUNT; i++) {
        qsort(ns[i], VERIFY_ROUNDS, sizeof **ns, verify_by_size);
        qsort(ratio[i], VERIFY_ROUNDS, sizeof **ratio, verify_by_size);
        printf("%-30s %5.0f ns (%.0f-%.0f)  %.2f x bare (%.2f-%.2f)  %lu allocations\n", name[i],
               ns[i][VERIFY_ROUNDS / 2], ns[i][0], ns[i][VERIFY_ROUNDS - 1],
               ratio[i][VERIFY_ROUNDS / 2], ratio[i][0], ratio[i][VERIFY_ROUNDS - 1],
               verify_count(what[i]));
    }
    rd_arena_free(&verify.arena);
    return 0;
}
