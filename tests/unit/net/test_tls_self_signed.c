/*
 * test_tls_self_signed.c - the certificate of the first start: strict readers take
 * it, files are private and used again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mbedtls/x509_crt.h>

#include "net/tls.h"

static struct rd_buf why;
static char folder[] = "/tmp/replyd-tls-XXXXXX";
static char certificate[64], key[64];

static int
setup(void **state)
{
    (void)state;
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    rd_buf_init(&why, 4096);
    assert_non_null(mkdtemp(folder));
    snprintf(certificate, sizeof certificate, "%s/tls-cert.pem", folder);
    snprintf(key, sizeof key, "%s/tls-key.pem", folder);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    unlink(certificate);
    unlink(key);
    rd_buf_free(&why);
    return rmdir(folder);
}

static void
make(mbedtls_x509_crt *crt)
{
    struct rd_tls_context *tls;

    if (rd_tls_self_signed(folder, "localhost", &tls, &why) != 0)
        fail_msg("%.*s", RD_PRI(rd_buf_slice(&why)));
    rd_tls_context_unref(tls);
    mbedtls_x509_crt_init(crt);
    assert_int_equal(mbedtls_x509_crt_parse_file(crt, certificate), 0);
}

/* An INTEGER with a leading zero that it does not need is refused by OpenSSL (X.690 8.3.2). */
static void
test_serial_numbers_are_positive_and_minimal(void **state)
{
    mbedtls_x509_crt crt;

    (void)state;
    for (int i = 0; i < 40; i++) {
        make(&crt);
        assert_int_equal(crt.serial.len, 16);
        assert_in_range(crt.serial.p[0], 0x40, 0x7f);
        mbedtls_x509_crt_free(&crt);
        unlink(certificate);
    }
}

static void
test_the_key_is_private_and_both_are_used_again(void **state)
{
    mbedtls_x509_crt first, again;
    struct stat st;

    (void)state;
    make(&first);
    assert_int_equal(stat(key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    make(&again);
    assert_int_equal(again.raw.len, first.raw.len);
    assert_memory_equal(again.raw.p, first.raw.p, first.raw.len);
    mbedtls_x509_crt_free(&first);
    mbedtls_x509_crt_free(&again);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_serial_numbers_are_positive_and_minimal, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_key_is_private_and_both_are_used_again, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
