/*
 * tls_self_signed.c - a certificate of our own, for where none is configured.
 *
 * Made at first start, kept in the state folder. Twilio refuses it; it is for
 * development and for proxies that do not check. Called by app.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "net/tls_session.h"

#define SELF_CERTIFICATE "tls-cert.pem"
#define SELF_KEY "tls-key.pem"
#define SELF_DAYS 3650    /* nobody renews it: long enough to outlive the installation */
#define SELF_PEM 4096     /* bytes of either file, at most */
#define SELF_NAMES 4

struct self_signed {
    mbedtls_pk_context key;
    mbedtls_x509write_cert crt;
    mbedtls_x509_san_list names[SELF_NAMES];
    unsigned char addresses[SELF_NAMES][16];
    char key_pem[SELF_PEM], crt_pem[SELF_PEM];
};

/* ---- what is in it -------------------------------------------------------- */

/* A name or an address as an entry of the alternative names. */
static void
self_name(struct self_signed *s, size_t i, const char *name)
{
    mbedtls_x509_subject_alternative_name *node = &s->names[i].node;
    unsigned char *a = s->addresses[i];
    size_t n = inet_pton(AF_INET, name, a) == 1 ? 4 : inet_pton(AF_INET6, name, a) == 1 ? 16 : 0;

    node->type = n ? MBEDTLS_X509_SAN_IP_ADDRESS : MBEDTLS_X509_SAN_DNS_NAME;
    node->san.unstructured_name.p = n ? a : (unsigned char *)(uintptr_t)name;
    node->san.unstructured_name.len = n ? n : strlen(name);
    s->names[i].next = i + 1 < SELF_NAMES ? &s->names[i + 1] : NULL;
}

static int
self_validity(mbedtls_x509write_cert *crt)
{
    time_t from = time(NULL) - 86400, to = from + (time_t)SELF_DAYS * 86400;
    char text[2][20];
    struct tm tm;

    gmtime_r(&from, &tm);
    strftime(text[0], sizeof text[0], "%Y%m%d%H%M%S", &tm);
    gmtime_r(&to, &tm);
    strftime(text[1], sizeof text[1], "%Y%m%d%H%M%S", &tm);
    return mbedtls_x509write_crt_set_validity(crt, text[0], text[1]);
}

static int
self_fill(struct self_signed *s, const char *hostname)
{
    mbedtls_x509write_cert *crt = &s->crt;
    unsigned char serial[16];
    char subject[300];
    int error = mbedtls_psa_get_random(MBEDTLS_PSA_RANDOM_STATE, serial, sizeof serial);

    serial[0] = (serial[0] & 0x7f) | 0x40;    /* positive, and no leading zero: X.690 8.3.2 */
    snprintf(subject, sizeof subject, "CN=%s,O=replyd self-signed", hostname);
    self_name(s, 0, hostname);
    self_name(s, 1, "localhost");
    self_name(s, 2, "127.0.0.1");
    self_name(s, 3, "::1");
    mbedtls_x509write_crt_set_version(crt, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(crt, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(crt, &s->key);
    mbedtls_x509write_crt_set_issuer_key(crt, &s->key);
    error = error ? error : mbedtls_x509write_crt_set_serial_raw(crt, serial, sizeof serial);
    error = error ? error : mbedtls_x509write_crt_set_subject_name(crt, subject);
    error = error ? error : mbedtls_x509write_crt_set_issuer_name(crt, subject);
    error = error ? error : self_validity(crt);
    error = error ? error : mbedtls_x509write_crt_set_basic_constraints(crt, 0, -1);
    error = error ? error : mbedtls_x509write_crt_set_key_usage(
                                crt, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
    return error ? error : mbedtls_x509write_crt_set_subject_alternative_name(crt, s->names);
}

static int
self_make(struct self_signed *s, const char *hostname)
{
    int error = mbedtls_pk_setup(&s->key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));

    error = error ? error : mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(s->key),
                                                mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    error = error ? error : self_fill(s, hostname);
    error = error ? error : mbedtls_pk_write_key_pem(&s->key, (unsigned char *)s->key_pem,
                                                     sizeof s->key_pem);
    return error ? error : mbedtls_x509write_crt_pem(&s->crt, (unsigned char *)s->crt_pem,
                                                     sizeof s->crt_pem, mbedtls_psa_get_random,
                                                     MBEDTLS_PSA_RANDOM_STATE);
}

/* ---- files ---------------------------------------------------------------- */

static int
self_write_all(const char *path, const char *text)
{
    size_t n = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), error;

    if (fd < 0)
        return errno;
    error = write(fd, text, n) == (ssize_t)n && fsync(fd) == 0 ? 0 : errno;
    return close(fd) == 0 ? error : errno;
}

/* Complete or not at all. */
static int
self_write(const char *path, const char *text, struct rd_buf *why)
{
    char temporary[4100];
    int error;

    if (snprintf(temporary, sizeof temporary, "%s.%d", path, (int)getpid())
        >= (int)sizeof temporary)
        return RD_E_TOO_BIG;
    unlink(temporary);
    error = self_write_all(temporary, text);
    if (error == 0 && rename(temporary, path) != 0)
        error = errno;
    if (error == 0)
        return 0;
    unlink(temporary);
    rd_buf_printf(why, "%s: cannot be written: %s", path, strerror(error));
    return RD_E_IO;
}

static int
self_create(const char *certificate, const char *key, const char *hostname, struct rd_buf *why)
{
    struct self_signed *s = rd_calloc(1, sizeof *s);
    char text[160];
    int error;

    mbedtls_pk_init(&s->key);
    mbedtls_x509write_crt_init(&s->crt);
    error = rd_tls_init();
    error = error ? error : self_make(s, hostname);
    if (error != 0) {
        mbedtls_strerror(error, text, sizeof text);
        rd_buf_printf(why, "a self-signed certificate for %s cannot be made: %s", hostname, text);
        error = RD_E_TLS;
    }
    error = error ? error : self_write(key, s->key_pem, why);
    error = error ? error : self_write(certificate, s->crt_pem, why);
    mbedtls_x509write_crt_free(&s->crt);
    mbedtls_pk_free(&s->key);
    rd_memzero(s, sizeof *s);
    free(s);
    return error;
}

int
rd_tls_self_signed(const char *dir, const char *hostname, struct rd_tls_context **out,
                   struct rd_buf *why)
{
    char certificate[4096], key[4096];
    int error = 0;

    *out = NULL;
    if (snprintf(certificate, sizeof certificate, "%s/" SELF_CERTIFICATE, dir)
            >= (int)sizeof certificate
        || snprintf(key, sizeof key, "%s/" SELF_KEY, dir) >= (int)sizeof key)
        return RD_E_TOO_BIG;
    if (access(certificate, F_OK) != 0 || access(key, F_OK) != 0)
        error = self_create(certificate, key, hostname, why);
    if (error != 0)
        return error;
    error = rd_tls_context_load(certificate, key, out, why);
    if (error != 0)
        rd_buf_put_str(why, "; remove both files to have new ones made");
    return error;
}
