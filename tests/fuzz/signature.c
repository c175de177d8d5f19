/*
 * signature.c - fuzz target: token, URL and form, each of any bytes.
 *
 * Input: length of the token, length of the URL (one byte each), token, URL, form.
 * The signature is that of the naive rules; it is accepted, and refused when one
 * bit of it is changed. Run: tests/fuzz/run signature.
 */
#include <stdlib.h>

#include "base/check.h"
#include "base/error.h"
#include "http/form.h"
#include "http/public_url.h"
#include "naive.h"
#include "twilio/signature.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static struct rd_slice
signature_take(struct rd_slice *from, size_t n)
{
    struct rd_slice s = rd_slice_make(from->p, n < from->n ? n : from->n);

    *from = rd_slice_skip(*from, s.n);
    return s;
}

static void
signature_verdicts(const struct rd_token *t, struct rd_slice url, const struct rd_params *params,
                   char text[RD_SIGNATURE_TEXT + 1], size_t bit)
{
    struct rd_slice header = rd_slice_make(text, RD_SIGNATURE_TEXT);
    struct rd_signature_input in = {
        .mode = RD_SIGNED_FORM, .headers = &header, .n_headers = 1, .urls = &url, .n_urls = 1,
        .params = params, .tokens = t, .n_tokens = 1,
    };
    enum rd_signature_failure why;

    RD_ASSERT(rd_signature_check(&in, &why) == 0);
    bit %= 8 * RD_SIGNATURE_TEXT;
    text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    RD_ASSERT(rd_signature_check(&in, &why) == RD_E_FORBIDDEN);
    in.mode = RD_SIGNED_BODY;
    RD_ASSERT(rd_signature_check(&in, &why) == RD_E_FORBIDDEN);
}

/* No verdict to compare here: the URL of a prompt may be anything and must not harm. */
static void
signature_candidates(struct rd_slice url)
{
    struct rd_slice out[RD_URL_CANDIDATES];
    struct rd_public_url u;
    struct rd_buf b;

    rd_buf_init(&b, 1 << 16);
    RD_ASSERT(rd_url_candidates(url, &b, out) <= RD_URL_CANDIDATES);
    if (rd_public_url_parse(url, &u) == 0)
        RD_ASSERT(rd_public_url_candidates(&u, url, &b, out) >= 2);
    rd_buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    struct rd_slice rest = rd_slice_make((const char *)data, n), token, url;
    char text[RD_SIGNATURE_TEXT + 1], wanted[29];
    struct naive_pair *pairs;
    struct rd_params params;
    struct rd_arena a;
    struct rd_token t;
    size_t count;

    if (n < 2)
        return 0;
    rest = rd_slice_skip(rest, 2);
    token = signature_take(&rest, data[0]);
    url = signature_take(&rest, data[1]);
    rd_arena_init(&a, 1 << 24);
    RD_ASSERT(rd_form_decode(rest, SIZE_MAX, &a, &params) == 0);
    pairs = naive_form(rest.p, rest.n, &count);
    naive_signature(token.p, token.n, url.p, url.n, pairs, count, wanted);
    rd_token_init(&t, token);
    RD_ASSERT(rd_signature_make(&t, url, &params, text) == 0);
    RD_ASSERT(memcmp(text, wanted, sizeof text) == 0);
    signature_verdicts(&t, url, &params, text, n);
    signature_candidates(url);
    naive_free(pairs, count);
    rd_arena_free(&a);
    return 0;
}
