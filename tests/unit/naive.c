/* naive.c - see naive.h. Called by the differential test and the fuzz targets only. */
#include "naive.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/base64.h>
#include <mbedtls/md.h>

static void
naive_add(struct naive_text *t, unsigned char c)
{
    if ((t->n & (t->n - 1)) == 0)    /* full at every power of two */
        t->p = realloc(t->p, t->n > 0 ? 2 * t->n : 1);
    if (t->p == NULL)
        abort();
    t->p[t->n++] = c;
}

/* Is c allowed as byte number i after the bytes before it? Table 3-7 of Unicode, row by row. */
static bool
naive_follows(const unsigned char *seq, size_t i, unsigned char c)
{
    static const unsigned char rows[][9] = {    /* length, then low and high of each byte */
        { 1, 0x00, 0x7F }, { 2, 0xC2, 0xDF, 0x80, 0xBF },
        { 3, 0xE0, 0xE0, 0xA0, 0xBF, 0x80, 0xBF }, { 3, 0xE1, 0xEC, 0x80, 0xBF, 0x80, 0xBF },
        { 3, 0xED, 0xED, 0x80, 0x9F, 0x80, 0xBF }, { 3, 0xEE, 0xEF, 0x80, 0xBF, 0x80, 0xBF },
        { 4, 0xF0, 0xF0, 0x90, 0xBF, 0x80, 0xBF, 0x80, 0xBF },
        { 4, 0xF1, 0xF3, 0x80, 0xBF, 0x80, 0xBF, 0x80, 0xBF },
        { 4, 0xF4, 0xF4, 0x80, 0x8F, 0x80, 0xBF, 0x80, 0xBF },
    };

    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        bool fits = i < rows[r][0];

        for (size_t k = 0; fits && k <= i; k++) {
            unsigned char x = k < i ? seq[k] : c;

            fits = x >= rows[r][1 + 2 * k] && x <= rows[r][2 + 2 * k];
        }
        if (fits)
            return true;
    }
    return false;
}

/* Bytes that a character with this first byte has. */
static size_t
naive_length(unsigned char c)
{
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

static struct naive_text
naive_repair(struct naive_text raw)
{
    struct naive_text out = { NULL, 0 };
    size_t i = 0;

    while (i < raw.n) {
        size_t n = 0;

        while (i + n < raw.n && naive_follows(raw.p + i, n, raw.p[i + n])) {
            n++;
            if (n == naive_length(raw.p[i]))
                break;
        }
        if (n > 0 && n == naive_length(raw.p[i])) {
            for (size_t k = 0; k < n; k++)
                naive_add(&out, raw.p[i + k]);
            i += n;
        } else {
            naive_add(&out, 0xEF);
            naive_add(&out, 0xBF);
            naive_add(&out, 0xBD);
            i += n > 0 ? n : 1;
        }
    }
    return out;
}

static int
naive_hex(int c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = c != 0 ? strchr(digits, c) : NULL;

    return at == NULL ? -1 : (int)((at - digits) % 16);
}

static struct naive_text
naive_decode(const char *p, size_t n)
{
    struct naive_text raw = { NULL, 0 }, out;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == '+') {
            naive_add(&raw, ' ');
        } else if (p[i] == '%' && i + 2 < n && naive_hex(p[i + 1]) >= 0 &&
                   naive_hex(p[i + 2]) >= 0) {
            naive_add(&raw, (unsigned char)(naive_hex(p[i + 1]) * 16 + naive_hex(p[i + 2])));
            i += 2;
        } else {
            naive_add(&raw, (unsigned char)p[i]);
        }
    }
    out = naive_repair(raw);
    free(raw.p);
    return out;
}

struct naive_pair *
naive_form(const char *form, size_t n, size_t *count)
{
    struct naive_pair *pairs = NULL;
    size_t start = 0;

    *count = 0;
    for (size_t i = 0; i <= n; i++) {
        size_t equals = start;

        if (i < n && form[i] != '&')
            continue;
        while (equals < i && form[equals] != '=')
            equals++;
        if (i > start) {
            size_t value = equals < i ? equals + 1 : i;

            pairs = realloc(pairs, (*count + 1) * sizeof *pairs);
            if (pairs == NULL)
                abort();
            pairs[*count].name = naive_decode(form + start, equals - start);
            pairs[*count].value = naive_decode(form + value, i - value);
            ++*count;
        }
        start = i + 1;
    }
    return pairs;
}

void
naive_free(struct naive_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pairs[i].name.p);
        free(pairs[i].value.p);
    }
    free(pairs);
}

static int
naive_compare(struct naive_text a, struct naive_text b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++)
        if (a.p[i] != b.p[i])
            return a.p[i] < b.p[i] ? -1 : 1;
    return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

static int
naive_order(const struct naive_pair *a, const struct naive_pair *b)
{
    int d = naive_compare(a->name, b->name);

    return d != 0 ? d : naive_compare(a->value, b->value);
}

static void
naive_sort(struct naive_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k + 1 < count; k++)
            if (naive_order(&pairs[k], &pairs[k + 1]) > 0) {
                struct naive_pair swap = pairs[k];

                pairs[k] = pairs[k + 1];
                pairs[k + 1] = swap;
            }
}

void
naive_signature(const char *token, size_t token_n, const char *url, size_t url_n,
                struct naive_pair *pairs, size_t count, char out[29])
{
    const mbedtls_md_info_t *sha1 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);
    struct naive_text data = { NULL, 0 };
    unsigned char hash[20];
    size_t n;

    for (size_t i = 0; i < url_n; i++)
        naive_add(&data, (unsigned char)url[i]);
    naive_sort(pairs, count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && naive_order(&pairs[i - 1], &pairs[i]) == 0)
            continue;
        for (size_t k = 0; k < pairs[i].name.n; k++)
            naive_add(&data, pairs[i].name.p[k]);
        for (size_t k = 0; k < pairs[i].value.n; k++)
            naive_add(&data, pairs[i].value.p[k]);
    }
    mbedtls_md_hmac(sha1, (const unsigned char *)token, token_n, data.p, data.n, hash);
    free(data.p);
    mbedtls_base64_encode((unsigned char *)out, 29, &n, hash, sizeof hash);
    out[n] = '\0';
}
