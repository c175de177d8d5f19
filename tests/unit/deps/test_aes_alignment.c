/*
 * test_aes_alignment.c - AES contexts work wherever malloc or the stack puts them.
 *
 * With different instruction flags for aes.c and aesni.c, mbedTLS stores round keys
 * with aligned instructions at addresses that it has not aligned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>

#include <mbedtls/aes.h>
#include <mbedtls/gcm.h>

/* FIPS 197, appendix C.3. */
static const unsigned char plain[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                         0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
static const unsigned char cipher[16] = { 0x8e, 0xa2, 0xb7, 0xca, 0x51, 0x67, 0x45, 0xbf,
                                          0xea, 0xfc, 0x49, 0x90, 0x4b, 0x49, 0x60, 0x89 };

static void
fill_key(unsigned char key[32])
{
    for (int i = 0; i < 32; i++)
        key[i] = (unsigned char)i;
}

static void
test_aes(void **state)
{
    static alignas(64) unsigned char space[sizeof(mbedtls_aes_context) + 64];
    unsigned char key[32], out[16];

    (void)state;
    fill_key(key);
    for (size_t at = 0; at < 64; at += alignof(mbedtls_aes_context)) {
        mbedtls_aes_context *aes = (void *)(space + at);

        mbedtls_aes_init(aes);
        assert_int_equal(mbedtls_aes_setkey_enc(aes, key, 256), 0);
        assert_int_equal(mbedtls_aes_crypt_ecb(aes, MBEDTLS_AES_ENCRYPT, plain, out), 0);
        assert_memory_equal(out, cipher, 16);
        assert_int_equal(mbedtls_aes_setkey_dec(aes, key, 256), 0);
        assert_int_equal(mbedtls_aes_crypt_ecb(aes, MBEDTLS_AES_DECRYPT, cipher, out), 0);
        assert_memory_equal(out, plain, 16);
        mbedtls_aes_free(aes);
    }
}

static void
test_gcm(void **state)
{
    static alignas(64) unsigned char space[sizeof(mbedtls_gcm_context) + 64];
    unsigned char key[32], iv[12] = { 1 }, out[16], back[16], tag[16];

    (void)state;
    fill_key(key);
    for (size_t at = 0; at < 64; at += alignof(mbedtls_gcm_context)) {
        mbedtls_gcm_context *gcm = (void *)(space + at);

        mbedtls_gcm_init(gcm);
        assert_int_equal(mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, key, 256), 0);
        assert_int_equal(mbedtls_gcm_crypt_and_tag(gcm, MBEDTLS_GCM_ENCRYPT, 16, iv, sizeof iv,
                                                   NULL, 0, plain, out, sizeof tag, tag), 0);
        assert_int_equal(mbedtls_gcm_auth_decrypt(gcm, 16, iv, sizeof iv, NULL, 0, tag,
                                                  sizeof tag, out, back), 0);
        assert_memory_equal(back, plain, 16);
        mbedtls_gcm_free(gcm);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aes),
        cmocka_unit_test(test_gcm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
