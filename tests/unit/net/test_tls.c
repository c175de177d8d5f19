/*
 * test_tls.c - certificates that can be used and those that cannot, each with its reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/error.h"
#include "net/tls.h"

/* A self-signed certificate that expired on 2021-01-01, and its key. */
static const char old_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBBDCBqgIBATAKBggqhkjOPQQDAjAOMQwwCgYDVQQDDANvbGQwHhcNMjAwMTAx\n"
    "MDAwMDAwWhcNMjEwMTAxMDAwMDAwWjAOMQwwCgYDVQQDDANvbGQwWTATBgcqhkjO\n"
    "PQIBBggqhkjOPQMBBwNCAAT2gEwL0l6Qxqd9Iv/KezAv1jKECeV3jCvWR66o8yTk\n"
    "qwYzZSTSOq0j29gidI2n/MH427gQnanWiEJYr8WUzmifMAoGCCqGSM49BAMCA0kA\n"
    "MEYCIQCozJfn45hIxHW/07jHRL9SayZCaltUzaTBkVwnFNF26gIhAM+1Ou1hIiqA\n"
    "ZTkY11TnhrIo37nvkTUPLJq69yN6lzgc\n"
    "-----END CERTIFICATE-----\n";

static const char old_key[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIAdDqkY+Y9x5vkWO1ehVuQscrjQ2kMhW8x/WrcWV9+HdoAoGCCqGSM49\n"
    "AwEHoUQDQgAE9oBMC9JekManfSL/ynswL9YyhAnld4wr1keuqPMk5KsGM2Uk0jqt\n"
    "I9vYInSNp/zB+Nu4EJ2p1ohCWK/FlM5onw==\n"
    "-----END EC PRIVATE KEY-----\n";

static char dir[64];
static struct rd_buf why;

static const char *
path(const char *name)
{
    static char paths[2][128];
    static unsigned turn;
    char *p = paths[turn++ % 2];

    snprintf(p, sizeof paths[0], "%s/%s", dir, name);
    return p;
}

static void
put(const char *name, const char *text)
{
    FILE *f = fopen(path(name), "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int
setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/rd-tls-XXXXXX");
    assert_non_null(mkdtemp(dir));
    rd_buf_init(&why, 4096);
    return 0;
}

static int
teardown(void **state)
{
    static const char *const names[] = { "tls-cert.pem", "tls-key.pem", "c", "k" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(path(names[i]));
    rmdir(dir);
    rd_buf_free(&why);
    return 0;
}

/* Loading fails, and the reason has these words and the file. */
static void
fails(const char *certificate, const char *key, const char *words)
{
    struct rd_tls_context *t;

    rd_buf_reset(&why);
    assert_int_equal(rd_tls_context_load(path(certificate), path(key), &t, &why), RD_E_TLS);
    assert_null(t);
    rd_buf_put_char(&why, '\0');
    if (strstr(why.p, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why.p, words);
    assert_non_null(strstr(why.p, dir));
}

static void
what_cannot_be_used_says_why(void **state)
{
    struct rd_tls_context *own;

    (void)state;
    assert_int_equal(rd_tls_self_signed(dir, "bot.example.com", &own, &why), 0);
    rd_tls_context_unref(own);
    put("c", old_certificate);
    put("k", old_key);
    fails("none", "k", "No such file");
    fails("c", "none", "No such file");
    fails("tls-cert.pem", "k", "does not belong to the first certificate");
    fails("c", "k", "has expired on 2021-01-01");
    fails("k", "k", "certificate first");
    put("k", "nonsense");
    fails("tls-cert.pem", "k", "private key is needed");
    put("c", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    fails("c", "tls-key.pem", "/c: ");
}

static void
a_self_signed_certificate_is_made_once(void **state)
{
    struct rd_tls_context *t;
    struct stat first, again;

    (void)state;
    assert_int_equal(rd_tls_self_signed(dir, "127.0.0.1", &t, &why), 0);
    assert_true(rd_tls_context_expires(t) > 2000000000);
    rd_tls_context_unref(t);
    assert_int_equal(stat(path("tls-key.pem"), &first), 0);
    assert_int_equal(first.st_mode & 0777, 0600);
    assert_int_equal(rd_tls_self_signed(dir, "127.0.0.1", &t, &why), 0);
    rd_tls_context_unref(t);
    assert_int_equal(stat(path("tls-key.pem"), &again), 0);
    assert_true(first.st_ino == again.st_ino);
    put("tls-cert.pem", "damaged");
    assert_int_equal(rd_tls_self_signed(dir, "127.0.0.1", &t, &why), RD_E_TLS);
    rd_buf_put_char(&why, '\0');
    assert_non_null(strstr(why.p, "remove both files"));
}

static void
a_folder_that_cannot_be_written_is_an_error(void **state)
{
    struct rd_tls_context *t;

    (void)state;
    assert_true(rd_tls_self_signed("/proc/none", "a", &t, &why) < 0);
    assert_null(t);
    assert_true(why.n > 0);
}

static void *
hold_and_let_go(void *arg)
{
    for (int i = 0; i < 10000; i++)
        rd_tls_context_unref(rd_tls_context_ref(arg));
    rd_tls_context_unref(arg);
    return NULL;
}

static void
references_are_counted_across_threads(void **state)
{
    struct rd_tls_context *t;
    pthread_t threads[4];

    (void)state;
    assert_int_equal(rd_tls_self_signed(dir, "a", &t, &why), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hold_and_let_go,
                                        rd_tls_context_ref(t)), 0);
    rd_tls_context_unref(t);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_null(rd_tls_context_ref(NULL));
    rd_tls_context_unref(NULL);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(what_cannot_be_used_says_why),
        WITH_DIR(a_self_signed_certificate_is_made_once),
        WITH_DIR(a_folder_that_cannot_be_written_is_an_error),
        WITH_DIR(references_are_counted_across_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
