/*
 * signature.c - see signature.h. Owns nothing; called from gateway (VERIFY) and
 * app (`verify`, `text`).
 *
 * Everything that depends on a token is free of branches and of look-ups that
 * its bytes choose: SHA-1 itself, base64 by arithmetic, comparison by OR.
 */
#include "twilio/signature.h"

#include <mbedtls/sha256.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/percent.h"
#include "base/secret.h"

#define SIGNATURE_BLOCK RD_SHA1_BLOCK    /* HMAC's key size */
#define SIGNATURE_HASH RD_SHA1_HASH
#define SIGNATURE_PARAMS 64    /* sorted on the stack; a message of Twilio's has about 22 */
#define SIGNATURE_RUN 512      /* bytes gathered for one update: parameters are short */

/* ---- tokens ---------------------------------------------------------------- */

static void
token_pad(struct rd_sha1 *hash, const unsigned char key[SIGNATURE_BLOCK], unsigned char pad)
{
    unsigned char block[SIGNATURE_BLOCK];

    for (size_t i = 0; i < SIGNATURE_BLOCK; i++)
        block[i] = key[i] ^ pad;
    rd_sha1_init(hash);
    rd_sha1_update(hash, block, sizeof block);
    rd_memzero(block, sizeof block);
}

void
rd_token_init(struct rd_token *t, struct rd_slice text)
{
    unsigned char key[SIGNATURE_BLOCK] = { 0 };
    struct rd_sha1 hash;

    if (text.n > SIGNATURE_BLOCK) {    /* RFC 2104, section 2 */
        rd_sha1_init(&hash);
        rd_sha1_update(&hash, text.p, text.n);
        rd_sha1_final(&hash, key);
        rd_memzero(&hash, sizeof hash);
    } else if (text.n > 0)
        memcpy(key, text.p, text.n);
    token_pad(&t->inner, key, 0x36);
    token_pad(&t->outer, key, 0x5C);
    rd_memzero(key, sizeof key);
}

void
rd_token_wipe(struct rd_token *t)
{
    rd_memzero(t, sizeof *t);
}

/* ---- the order of parameters ----------------------------------------------- */

/* A parameter and the first bytes of its name as a number: most comparisons end there. */
struct signature_item {
    uint64_t key;
    const struct rd_param *param;
};

static uint64_t
item_key(struct rd_slice name)
{
    unsigned char first[sizeof(uint64_t)];
    uint64_t key = 0;

    if (name.n < sizeof first) {
        for (size_t i = 0; i < name.n; i++)
            key |= (uint64_t)(unsigned char)name.p[i] << (56 - 8 * i);
        return key;
    }
    memcpy(first, name.p, sizeof first);
    for (size_t i = 0; i < sizeof first; i++)    /* one load and swap */
        key = key << 8 | first[i];
    return key;
}

static int
item_compare(const void *a, const void *b)
{
    const struct signature_item *x = a, *y = b;
    int d;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    d = rd_slice_cmp(x->param->name, y->param->name);
    return d != 0 ? d : rd_slice_cmp(x->param->value, y->param->value);
}

static void
items_sort(struct signature_item *items, size_t n)
{
    if (n > SIGNATURE_PARAMS) {
        qsort(items, n, sizeof *items, item_compare);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct signature_item item = items[i];
        size_t to = i;

        for (; to > 0 && item.key <= items[to - 1].key; to--) {
            if (item.key == items[to - 1].key && item_compare(&item, &items[to - 1]) >= 0)
                break;
            items[to] = items[to - 1];
        }
        items[to] = item;
    }
}

/* Equal name and value count once. */
static size_t
items_unique(struct signature_item *items, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (kept == 0 || items[kept - 1].key != items[i].key ||
            item_compare(&items[kept - 1], &items[i]) != 0)
            items[kept++] = items[i];
    return kept;
}

/* The parameters as they are signed. */
struct signature_order {
    struct signature_item few[SIGNATURE_PARAMS];
    struct signature_item *items;    /* few, or allocated when there are more */
    size_t n;
};

static int
order_make(struct signature_order *o, const struct rd_params *params)
{
    size_t n = params != NULL ? params->n : 0;

    o->items = o->few;
    o->n = 0;
    if (n > SIGNATURE_PARAMS)
        o->items = calloc(n, sizeof *o->items);
    if (o->items == NULL)
        return RD_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        o->items[i] = (struct signature_item){ item_key(params->at[i].name), &params->at[i] };
    items_sort(o->items, n);
    o->n = items_unique(o->items, n);
    return 0;
}

static void
order_free(struct signature_order *o)
{
    if (o->items != o->few)
        free(o->items);
}

/* ---- the signature ---------------------------------------------------------- */

/* Short pieces on their way into a hash. */
struct signature_run {
    struct rd_sha1 hash;
    size_t n;
    unsigned char bytes[SIGNATURE_RUN];
};

static void
run_flush(struct signature_run *r)
{
    rd_sha1_update(&r->hash, r->bytes, r->n);
    r->n = 0;
}

static void
run_put(struct signature_run *r, struct rd_slice s)
{
    if (s.n > SIGNATURE_RUN - r->n)
        run_flush(r);
    if (s.n > SIGNATURE_RUN) {
        rd_sha1_update(&r->hash, s.p, s.n);
    } else if (s.n > 0) {
        memcpy(r->bytes + r->n, s.p, s.n);
        r->n += s.n;
    }
}

/* The base64 character of a 6-bit value, by arithmetic: no table that a secret would index. */
static char
base64_char(unsigned v)
{
    unsigned c = 'A' + v;

    c += (25 - v) >> 8 & 6u;     /* above 25: on to 'a' */
    c -= (51 - v) >> 8 & 75u;    /* above 51: back to '0' */
    c -= (61 - v) >> 8 & 15u;    /* above 61: to '+' */
    c += (62 - v) >> 8 & 3u;     /* above 62: to '/' */
    return (char)c;
}

static void
base64_hash(const unsigned char hash[SIGNATURE_HASH], char out[RD_SIGNATURE_TEXT + 1])
{
    for (size_t i = 0, o = 0; i < SIGNATURE_HASH; i += 3, o += 4) {
        unsigned last = i + 2 < SIGNATURE_HASH ? hash[i + 2] : 0;
        unsigned v = (unsigned)hash[i] << 16 | (unsigned)hash[i + 1] << 8 | last;

        out[o] = base64_char(v >> 18);
        out[o + 1] = base64_char(v >> 12 & 63);
        out[o + 2] = base64_char(v >> 6 & 63);
        out[o + 3] = base64_char(v & 63);
    }
    out[RD_SIGNATURE_TEXT - 1] = '=';
    out[RD_SIGNATURE_TEXT] = '\0';
}

static void
signature_text(const struct rd_token *t, struct rd_slice url, const struct signature_order *o,
               char out[RD_SIGNATURE_TEXT + 1])
{
    unsigned char hash[SIGNATURE_HASH];
    struct signature_run r;

    r.hash = t->inner;
    r.n = 0;
    run_put(&r, url);
    for (size_t i = 0; i < o->n; i++) {
        run_put(&r, o->items[i].param->name);
        run_put(&r, o->items[i].param->value);
    }
    run_flush(&r);
    rd_sha1_final(&r.hash, hash);
    r.hash = t->outer;
    rd_sha1_update(&r.hash, hash, sizeof hash);
    rd_sha1_final(&r.hash, hash);
    base64_hash(hash, out);
}

int
rd_signature_make(const struct rd_token *t, struct rd_slice url, const struct rd_params *params,
                  char out[RD_SIGNATURE_TEXT + 1])
{
    struct signature_order o;
    int error = order_make(&o, params);

    if (error == 0)
        signature_text(t, url, &o, out);
    order_free(&o);
    return error;
}

/* ---- checking ---------------------------------------------------------------- */

/* Equal for all n bytes; looks at every one. */
static bool
signature_equal(const char *a, const char *b, size_t n)
{
    volatile unsigned char difference = 0;

    for (size_t i = 0; i < n; i++)
        difference |= (unsigned char)(a[i] ^ b[i]);
    difference = (unsigned char)((difference + 255u) >> 8);    /* which bits differ stays secret */
    rd_secret_reveal(&difference, sizeof difference);
    return difference == 0;
}

static bool
signature_is_base64(struct rd_slice s)
{
    if (s.n != RD_SIGNATURE_TEXT || s.p[RD_SIGNATURE_TEXT - 1] != '=')
        return false;
    for (size_t i = 0; i < RD_SIGNATURE_TEXT - 1; i++) {
        char c = s.p[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
              || c == '+' || c == '/'))
            return false;
    }
    return true;
}

static bool
signature_name_is(struct rd_slice raw, struct rd_slice wanted)
{
    char name[64];

    return raw.n < sizeof name
        && rd_slice_eq(rd_slice_make(name, rd_percent_decode(raw, name)), wanted);
}

/* The first bodySHA256 of a URL's query, raw; its name may be percent-encoded. */
static bool
signature_body_hash(struct rd_slice url, struct rd_slice *value)
{
    struct rd_slice query = rd_slice_skip(url, rd_slice_find(url, '?') + 1);

    while (query.n > 0) {
        struct rd_slice pair = rd_slice_make(query.p, rd_slice_find(query, '&'));
        size_t equals = rd_slice_find(pair, '=');

        if (signature_name_is(rd_slice_make(pair.p, equals), RD_LIT("bodySHA256"))) {
            *value = rd_slice_skip(pair, equals + 1);
            return true;
        }
        query = rd_slice_skip(query, pair.n + 1);
    }
    return false;
}

/* Does the query's bodySHA256 (lower-case hex) vouch for this body? */
static bool
signature_body_is_vouched(struct rd_slice url, struct rd_slice body)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[32];
    char text[2 * sizeof hash];
    struct rd_slice value;

    if (!signature_body_hash(url, &value) || value.n != sizeof text)
        return false;
    mbedtls_sha256((const unsigned char *)body.p, body.n, hash, 0);
    for (size_t i = 0; i < sizeof hash; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    return signature_equal(text, value.p, sizeof text);
}

/* What needs no token; RD_SIGNATURE_COUNT when there is nothing to object to. */
static enum rd_signature_failure
signature_objection(const struct rd_signature_input *in)
{
    if (in->n_headers == 0)
        return RD_SIGNATURE_missing;
    if (in->n_headers > 1)
        return RD_SIGNATURE_repeated;
    if (!signature_is_base64(in->headers[0]))
        return RD_SIGNATURE_malformed;
    if (in->n_urls == 0)
        return RD_SIGNATURE_mismatch;
    if (in->mode == RD_SIGNED_BODY && !signature_body_is_vouched(in->urls[0], in->body))
        return RD_SIGNATURE_mismatch;
    return RD_SIGNATURE_COUNT;
}

/* Takes the time that a token would: which accounts we have a token for is nobody's business. */
static void
signature_waste(const struct rd_signature_input *in, const struct signature_order *o)
{
    char text[RD_SIGNATURE_TEXT + 1];
    struct rd_token none;

    rd_token_init(&none, RD_LIT(""));
    for (size_t u = 0; u < in->n_urls; u++)
        signature_text(&none, in->urls[u], o, text);
}

/* The token that gives this signature over one of the URLs, or RD_E_FORBIDDEN. */
static int
signature_find(const struct rd_signature_input *in, const struct signature_order *o)
{
    char text[RD_SIGNATURE_TEXT + 1];

    for (size_t t = 0; t < in->n_tokens; t++)
        for (size_t u = 0; u < in->n_urls; u++) {
            signature_text(&in->tokens[t], in->urls[u], o, text);
            if (signature_equal(text, in->headers[0].p, RD_SIGNATURE_TEXT))
                return (int)t;
        }
    return RD_E_FORBIDDEN;
}

int
rd_signature_check(const struct rd_signature_input *in, enum rd_signature_failure *failure)
{
    struct signature_order o;
    int found;

    *failure = signature_objection(in);
    if (*failure != RD_SIGNATURE_COUNT)
        return RD_E_FORBIDDEN;
    found = order_make(&o, in->mode == RD_SIGNED_FORM ? in->params : NULL);
    if (found == 0 && in->n_tokens == 0)
        signature_waste(in, &o);
    if (found == 0)
        found = signature_find(in, &o);
    order_free(&o);
    if (found < 0)
        *failure = in->n_tokens == 0 ? RD_SIGNATURE_no_token : RD_SIGNATURE_mismatch;
    return found;
}

enum rd_signature_mode
rd_signature_mode(struct rd_slice method, struct rd_slice content_type)
{
    struct rd_slice type = rd_slice_make(content_type.p, rd_slice_find(content_type, ';'));

    type = rd_slice_trim(type);
    if (rd_slice_eq(method, RD_LIT("GET")) || rd_slice_eq(method, RD_LIT("HEAD")))
        return RD_SIGNED_URL;
    if (type.n == 0 || rd_slice_eq_nocase(type, RD_LIT("application/x-www-form-urlencoded")))
        return RD_SIGNED_FORM;
    return RD_SIGNED_BODY;
}

const char *
rd_signature_failure_text(enum rd_signature_failure failure)
{
    switch (failure) {
#define CASE(name, text) case RD_SIGNATURE_##name: return text;
    RD_SIGNATURE_FAILURES(CASE)
#undef CASE
    case RD_SIGNATURE_COUNT: break;
    }
    return "valid";
}
