/* SHA-1 by instructions and by mbedTLS: NIST's vectors, and any bytes in any pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mbedtls/sha1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twilio/sha1.h"
#include "vectors.h"

#define MOST 1000

/* FIPS 180-4's examples, and the empty text. */
static const struct {
    const char *text;
    size_t times;
    const char *hash;
} nist[] = {
    { "", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
    { "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
    { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
      "lmnopqrsmnopqrstnopqrstu", 1, "a49b2446a02c645bf419f995b67091253a04a259" },
    { "a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
};

static void
check_nist(void)
{
    for (size_t i = 0; i < sizeof nist / sizeof *nist; i++) {
        unsigned char hash[RD_SHA1_HASH];
        char hex[2 * RD_SHA1_HASH + 1];
        struct rd_sha1 s;

        rd_sha1_init(&s);
        for (size_t k = 0; k < nist[i].times; k++)
            rd_sha1_update(&s, nist[i].text, strlen(nist[i].text));
        rd_sha1_final(&s, hash);
        for (size_t k = 0; k < RD_SHA1_HASH; k++)
            snprintf(hex + 2 * k, 3, "%02x", hash[k]);
        assert_string_equal(hex, nist[i].hash);
    }
}

static void
check_pieces(unsigned *seed, const unsigned char *bytes, size_t n)
{
    unsigned char ours[RD_SHA1_HASH], theirs[RD_SHA1_HASH];
    struct rd_sha1 s;

    rd_sha1_init(&s);
    for (size_t at = 0, piece; at < n; at += piece) {
        piece = (size_t)rand_r(seed) % (rand_r(seed) % 2 ? 20 : 300);
        piece = piece < n - at ? piece : n - at;
        rd_sha1_update(&s, bytes + at, piece);
    }
    rd_sha1_final(&s, ours);
    assert_int_equal(mbedtls_sha1(bytes, n, theirs), 0);
    assert_memory_equal(ours, theirs, sizeof ours);
}

static void
check_random(void)
{
    size_t rounds = scaled(1000000, 5000);
    unsigned char bytes[MOST];
    unsigned seed = 1;

    for (size_t i = 0; i < rounds; i++) {
        for (size_t k = 0; k < 8; k++)
            bytes[(size_t)rand_r(&seed) % MOST] = (unsigned char)rand_r(&seed);
        check_pieces(&seed, bytes, i < MOST ? i : (size_t)rand_r(&seed) % (MOST + 1));
    }
}

static void
test_by_instructions(void **state)
{
    (void)state;
    if (!rd_sha1_use_instructions(true))
        skip();
    check_nist();
    check_random();
}

static void
test_without_them(void **state)
{
    (void)state;
    assert_false(rd_sha1_use_instructions(false));
    check_nist();
    check_random();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_instructions),
        cmocka_unit_test(test_without_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
