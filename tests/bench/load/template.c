/*
 * template.c - see template.h. Owns the templates and the signing key's hash
 * states. Called by conn.c for each request and each answer.
 *
 * The file: records of three texts (request, what is signed, what the answer must
 * hold), each a little-endian 32-bit length and its bytes. Holes are runs of one
 * control character: see enum hole.
 */
#define OPENSSL_SUPPRESS_DEPRECATED    /* SHA1_*: half of what the EVP calls cost */
#include "template.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum hole { HOLE_SID = 1, HOLE_TOKEN, HOLE_SIGNATURE, HOLE_UUID, HOLE_COUNT };

static const size_t hole_size[HOLE_COUNT] = { 0, 32, 8, 28, 36 };

#define TEXT_HOLES 8

struct text {
    char *p;
    uint32_t n;
    struct { uint32_t at; enum hole kind; } holes[TEXT_HOLES];
    size_t n_holes;
};

struct rd_template {
    struct text request, covered, answer;
};

/* What fills the holes of one request. */
struct fill {
    char bytes[HOLE_COUNT][40];
};

static uint64_t seed[2];
static SHA_CTX key_inner, key_outer;

static _Noreturn void
template_die(const char *what, const char *path)
{
    fprintf(stderr, "load: %s: %s\n", path, what);
    exit(2);
}

/* ---- reading ----------------------------------------------------------------- */

static void
text_find_holes(struct text *t, const char *path)
{
    for (uint32_t i = 0; i < t->n; i++) {
        unsigned char c = (unsigned char)t->p[i];

        if (c == 0 || c >= HOLE_COUNT)
            continue;
        if (t->n_holes == TEXT_HOLES || i + hole_size[c] > t->n)
            template_die("too many holes, or a short one", path);
        t->holes[t->n_holes].at = i;
        t->holes[t->n_holes++].kind = (enum hole)c;
        i += (uint32_t)hole_size[c] - 1;
    }
}

static bool
text_read(struct text *t, FILE *f, const char *path)
{
    memset(t, 0, sizeof *t);
    if (fread(&t->n, sizeof t->n, 1, f) != 1)
        return false;
    if (t->n > RD_TEMPLATE_REQUEST || (t->p = malloc(t->n + 1)) == NULL
        || fread(t->p, 1, t->n, f) != t->n)
        template_die("truncated, or a text too long", path);
    text_find_holes(t, path);
    return true;
}

static void
key_init(const char *token)
{
    unsigned char pad[SHA_CBLOCK] = { 0 };
    size_t n = strlen(token);

    memcpy(pad, token, n < sizeof pad ? n : sizeof pad);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    SHA1_Init(&key_inner);
    SHA1_Update(&key_inner, pad, sizeof pad);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5C;
    SHA1_Init(&key_outer);
    SHA1_Update(&key_outer, pad, sizeof pad);
}

struct rd_template_file
rd_template_read(const char *path, const char *token)
{
    struct rd_template_file f = { NULL, 0 };
    struct rd_template t;
    FILE *in = fopen(path, "rb");
    size_t room = 0;

    if (in == NULL || getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        template_die("cannot be read", path);
    key_init(token);
    while (text_read(&t.request, in, path)) {
        if (!text_read(&t.covered, in, path) || !text_read(&t.answer, in, path))
            template_die("truncated", path);
        if (f.n == room) {
            room = room ? room * 2 : 256;
            f.at = realloc(f.at, room * sizeof *f.at);
            if (f.at == NULL)
                template_die("out of memory", path);
        }
        f.at[f.n++] = t;
    }
    fclose(in);
    if (f.n == 0)
        template_die("no messages", path);
    return f;
}

/* ---- filling ----------------------------------------------------------------- */

/* A bijection (splitmix64): different numbers give different values. */
static uint64_t
fill_scramble(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static void
fill_hex(char *out, uint64_t v, size_t digits)
{
    for (size_t i = digits; i-- > 0; v >>= 4)
        out[i] = "0123456789abcdef"[v & 15];
}

static void
fill_make(struct fill *f, uint64_t number)
{
    uint64_t a = fill_scramble(seed[0] + number), b = fill_scramble(seed[1] ^ number);
    char *uuid = f->bytes[HOLE_UUID];

    fill_hex(f->bytes[HOLE_SID], a, 16);
    fill_hex(f->bytes[HOLE_SID] + 16, b, 16);
    fill_hex(f->bytes[HOLE_TOKEN], number, 8);
    memcpy(uuid, "00000000-0000-4000-8000-000000000000", 36);
    fill_hex(uuid, b >> 8, 8);
    fill_hex(uuid + 24, a ^ b, 12);
}

static void
text_fill(const struct text *t, const struct fill *f, char *out)
{
    for (size_t i = 0; i < t->n_holes; i++)
        memcpy(out + t->holes[i].at, f->bytes[t->holes[i].kind], hole_size[t->holes[i].kind]);
}

static void
fill_sign(struct fill *f, const struct text *covered)
{
    unsigned char hash[SHA_DIGEST_LENGTH], encoded[32];
    SHA_CTX c = key_inner;

    text_fill(covered, f, covered->p);
    SHA1_Update(&c, covered->p, covered->n);
    SHA1_Final(hash, &c);
    c = key_outer;
    SHA1_Update(&c, hash, sizeof hash);
    SHA1_Final(hash, &c);
    EVP_EncodeBlock(encoded, hash, sizeof hash);
    memcpy(f->bytes[HOLE_SIGNATURE], encoded, hole_size[HOLE_SIGNATURE]);
}

size_t
rd_template_fill(struct rd_template_file *f, uint64_t number, char request[RD_TEMPLATE_REQUEST])
{
    struct rd_template *t = &f->at[number % f->n];
    struct fill fill;

    fill_make(&fill, number);
    fill_sign(&fill, &t->covered);
    memcpy(request, t->request.p, t->request.n);
    text_fill(&t->request, &fill, request);
    return t->request.n;
}

bool
rd_template_answers(struct rd_template_file *f, uint64_t number, const char *body, size_t n)
{
    struct rd_template *t = &f->at[number % f->n];
    struct fill fill;

    fill_hex(fill.bytes[HOLE_TOKEN], number, 8);
    text_fill(&t->answer, &fill, t->answer.p);
    return memmem(body, n, t->answer.p, t->answer.n) != NULL;
}
