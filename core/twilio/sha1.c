/* sha1.c - see sha1.h. Owns the choice of the block function; called from signature.c. */
#include "twilio/sha1.h"

#include <mbedtls/sha1.h>
#include <stdatomic.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

/* How blocks are hashed; found out at the first. */
enum { SHA1_UNKNOWN, SHA1_MBEDTLS, SHA1_INSTRUCTIONS };

static atomic_int sha1_how;

/* ---- blocks, by mbedTLS ----------------------------------------------------- */

static void
blocks_by_mbedtls(uint32_t state[5], const unsigned char *p, size_t n)
{
    mbedtls_sha1_context c;

    mbedtls_sha1_init(&c);
    memcpy(c.MBEDTLS_PRIVATE(state), state, 5 * sizeof *state);
    for (; n > 0; n--, p += RD_SHA1_BLOCK)
        mbedtls_internal_sha1_process(&c, p);
    memcpy(state, c.MBEDTLS_PRIVATE(state), 5 * sizeof *state);
}

/* ---- blocks, by instructions ------------------------------------------------- */

#if defined(__x86_64__)

static bool
sha1_has_instructions(void)
{
    unsigned a, b, c, d;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/*
 * Four rounds; k is their constant's number. w holds the last 16 words of the schedule, four to a
 * register; each step makes the next four from them. E of a round is A of four rounds before.
 */
#define SHA1_ROUNDS(i, k)                                                     \
    do {                                                                      \
        __m128i abcd_before = abcd;                                           \
                                                                              \
        e = (i) == 0 ? _mm_add_epi32(e, w[0]) : _mm_sha1nexte_epu32(e, w[(i) % 4]); \
        abcd = _mm_sha1rnds4_epu32(abcd, e, k);                               \
        e = abcd_before;                                                      \
    } while (0)

/* The schedule's words for the rounds 4 i to 4 i + 3, in the place of the oldest. */
#define SHA1_WORDS(i)                                                         \
    w[(i) % 4] = _mm_sha1msg2_epu32(                                          \
        _mm_xor_si128(_mm_sha1msg1_epu32(w[(i) % 4], w[((i) + 1) % 4]), w[((i) + 2) % 4]), \
        w[((i) + 3) % 4])

#define SHA1_STEP(i, k)                                                       \
    do {                                                                      \
        if ((i) >= 4)                                                         \
            SHA1_WORDS(i);                                                    \
        SHA1_ROUNDS(i, k);                                                    \
    } while (0)

#define SHA1_FIVE(i, k)                                                       \
    do {                                                                      \
        SHA1_STEP(i, k);                                                      \
        SHA1_STEP((i) + 1, k);                                                \
        SHA1_STEP((i) + 2, k);                                                \
        SHA1_STEP((i) + 3, k);                                                \
        SHA1_STEP((i) + 4, k);                                                \
    } while (0)

__attribute__((target("sha,sse4.1,ssse3"))) static void
blocks_by_instructions(uint32_t state[5], const unsigned char *p, size_t n)
{
    const __m128i order = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    __m128i abcd, e, w[4];

    /* the instructions want A in the highest word */
    abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0x1B);
    e = _mm_set_epi32((int)state[4], 0, 0, 0);
    for (; n > 0; n--, p += RD_SHA1_BLOCK) {
        __m128i abcd_first = abcd, e_first = e;

        for (unsigned i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(
                _mm_loadu_si128((const __m128i *)(const void *)(p + (size_t)16 * i)), order);
        SHA1_FIVE(0, 0);
        SHA1_FIVE(5, 1);
        SHA1_FIVE(10, 2);
        SHA1_FIVE(15, 3);
        e = _mm_sha1nexte_epu32(e, e_first);
        abcd = _mm_add_epi32(abcd, abcd_first);
    }
    _mm_storeu_si128((__m128i *)(void *)state, _mm_shuffle_epi32(abcd, 0x1B));
    state[4] = (uint32_t)_mm_extract_epi32(e, 3);
}

#else

static bool
sha1_has_instructions(void)
{
    return false;
}

#define blocks_by_instructions blocks_by_mbedtls

#endif

static void
sha1_blocks(uint32_t state[5], const unsigned char *p, size_t n)
{
    int how = atomic_load_explicit(&sha1_how, memory_order_relaxed);

    if (how == SHA1_UNKNOWN)
        how = rd_sha1_use_instructions(true) ? SHA1_INSTRUCTIONS : SHA1_MBEDTLS;
    if (how == SHA1_INSTRUCTIONS)
        blocks_by_instructions(state, p, n);
    else
        blocks_by_mbedtls(state, p, n);
}

bool
rd_sha1_use_instructions(bool on)
{
    bool used = on && sha1_has_instructions();

    atomic_store_explicit(&sha1_how, used ? SHA1_INSTRUCTIONS : SHA1_MBEDTLS,
                          memory_order_relaxed);
    return used;
}

/* ---- bytes ---------------------------------------------------------------------- */

void
rd_sha1_init(struct rd_sha1 *s)
{
    static const uint32_t first[5] = {
        0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0
    };

    memcpy(s->state, first, sizeof first);
    s->n = 0;
}

void
rd_sha1_update(struct rd_sha1 *s, const void *p, size_t n)
{
    const unsigned char *bytes = p;
    size_t have = s->n % RD_SHA1_BLOCK, blocks;

    s->n += n;
    if (have > 0 && n >= RD_SHA1_BLOCK - have) {
        memcpy(s->block + have, bytes, RD_SHA1_BLOCK - have);
        sha1_blocks(s->state, s->block, 1);
        bytes += RD_SHA1_BLOCK - have;
        n -= RD_SHA1_BLOCK - have;
        have = 0;
    }
    blocks = have == 0 ? n / RD_SHA1_BLOCK : 0;
    if (blocks > 0)
        sha1_blocks(s->state, bytes, blocks);
    n -= blocks * RD_SHA1_BLOCK;
    if (n > 0)
        memcpy(s->block + have, bytes + blocks * RD_SHA1_BLOCK, n);
}

static void
sha1_put(unsigned char *to, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (unsigned char)(v >> 8 * (n - 1 - i));
}

void
rd_sha1_final(struct rd_sha1 *s, unsigned char hash[RD_SHA1_HASH])
{
    uint64_t bits = s->n * 8;
    size_t have = s->n % RD_SHA1_BLOCK;

    s->block[have++] = 0x80;
    if (have > RD_SHA1_BLOCK - 8) {
        memset(s->block + have, 0, RD_SHA1_BLOCK - have);
        sha1_blocks(s->state, s->block, 1);
        have = 0;
    }
    memset(s->block + have, 0, RD_SHA1_BLOCK - 8 - have);
    sha1_put(s->block + RD_SHA1_BLOCK - 8, bits, 8);
    sha1_blocks(s->state, s->block, 1);
    for (size_t i = 0; i < 5; i++)
        sha1_put(hash + 4 * i, s->state[i], 4);
}
