/* hash.c - SipHash-2-4; see hash.h. Owns the process's key; read by every thread. */
#include "base/hash.h"

#include <sys/random.h>

#include "base/check.h"

static uint64_t hash_key[2];

uint64_t
rd_random64(void)
{
    uint64_t r;

    RD_ASSERT(getrandom(&r, sizeof r, 0) == (ssize_t)sizeof r);
    return r;
}

void
rd_hash_seed(void)
{
    hash_key[0] = rd_random64();
    hash_key[1] = rd_random64();
}

static uint64_t
hash_rotl(uint64_t x, unsigned b)
{
    return x << b | x >> (64 - b);
}

static void
hash_rounds(uint64_t v[4], int n)
{
    while (n-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = hash_rotl(v[1], 13) ^ v[0];
        v[3] = hash_rotl(v[3], 16) ^ v[2];
        v[0] = hash_rotl(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = hash_rotl(v[1], 17) ^ v[2];
        v[3] = hash_rotl(v[3], 21) ^ v[0];
        v[2] = hash_rotl(v[2], 32);
    }
}

uint64_t
rd_hash(struct rd_slice s)
{
    uint64_t v[4] = { hash_key[0] ^ UINT64_C(0x736f6d6570736575),
                      hash_key[1] ^ UINT64_C(0x646f72616e646f6d),
                      hash_key[0] ^ UINT64_C(0x6c7967656e657261),
                      hash_key[1] ^ UINT64_C(0x7465646279746573) };
    uint64_t word, last = (uint64_t)s.n << 56;
    size_t i;

    for (i = 0; i + 8 <= s.n; i += 8) {
        memcpy(&word, s.p + i, 8);
        v[3] ^= word;
        hash_rounds(v, 2);
        v[0] ^= word;
    }
    for (unsigned shift = 0; i < s.n; i++, shift += 8)
        last |= (uint64_t)(uint8_t)s.p[i] << shift;
    v[3] ^= last;
    hash_rounds(v, 2);
    v[0] ^= last;
    v[2] ^= 0xff;
    hash_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
rd_hash_stable(uint64_t seed, struct rd_slice s)
{
    uint64_t h = seed ^ UINT64_C(14695981039346656037);

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (uint8_t)s.p[i]) * UINT64_C(1099511628211);
    return h;
}
