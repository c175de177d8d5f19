/*
 * tls.c - contexts: certificate, key and settings, checked when they are loaded.
 *
 * Owns nothing but the contexts it hands out. Called by app (start, reload) and
 * by tls_session.c for references.
 */
#include "net/tls.h"

#include <errno.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/psa_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "net/tls_session.h"

#define TLS_RSA_LEAST 2048    /* bits; no public authority signs less */
#define TLS_CHAIN_MOST (MBEDTLS_SSL_OUT_CONTENT_LEN - 256)    /* must fit one outgoing buffer */

/* Design section 13: ephemeral exchange and authenticated encryption only. */
static const int tls_suites[] = {
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0,
};

/* x25519 first: with Everest it is the cheapest, and what clients offer a share for. */
static const uint16_t tls_groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

static const char *tls_protocols[] = { "http/1.1", NULL };

/* ---- files ---------------------------------------------------------------- */

static int
tls_say(struct rd_buf *why, const char *file, int error, const char *hint)
{
    char text[160];

    mbedtls_strerror(error, text, sizeof text);
    rd_buf_printf(why, "%s: %s%s", file, text, hint);
    return RD_E_TLS;
}

static int
tls_readable(const char *file, struct rd_buf *why)
{
    struct stat st;

    if (access(file, R_OK) != 0 || stat(file, &st) != 0)
        rd_buf_printf(why, "%s: %s", file, strerror(errno));
    else if (!S_ISREG(st.st_mode))    /* mbedTLS would wait for whoever opens a pipe's other end */
        rd_buf_printf(why, "%s: %s", file, rd_error_text(RD_E_NOT_A_FILE));
    else
        return 0;
    return RD_E_TLS;
}

static int
tls_load_chain(struct rd_tls_context *t, const char *file, struct rd_buf *why)
{
    int error;

    if (tls_readable(file, why) != 0)
        return RD_E_TLS;
    error = mbedtls_x509_crt_parse_file(&t->chain, file);
    if (error > 0) {
        rd_buf_printf(why, "%s: %d of its certificates cannot be read", file, error);
        return RD_E_TLS;
    }
    if (error < 0)
        return tls_say(why, file, error,
                       "; a PEM file is needed, with the server's certificate first");
    return 0;
}

static int
tls_load_key(struct rd_tls_context *t, const char *file, struct rd_buf *why)
{
    int error;

    if (tls_readable(file, why) != 0)
        return RD_E_TLS;
    error = mbedtls_pk_parse_keyfile(&t->key, file, NULL, mbedtls_psa_get_random,
                                     MBEDTLS_PSA_RANDOM_STATE);
    if (error == MBEDTLS_ERR_PK_PASSWORD_REQUIRED) {
        rd_buf_printf(why, "%s: the key is encrypted; decrypt it with: openssl pkey -in %s", file,
                      file);
        return RD_E_TLS;
    }
    return error ? tls_say(why, file, error, "; a PEM file with the private key is needed") : 0;
}

/* ---- checks --------------------------------------------------------------- */

static double
tls_seconds(const mbedtls_x509_time *t)
{
    struct tm tm = { .tm_year = t->year - 1900, .tm_mon = t->mon - 1, .tm_mday = t->day,
                     .tm_hour = t->hour, .tm_min = t->min, .tm_sec = t->sec };

    return (double)timegm(&tm);
}

static int
tls_check_time(const struct rd_tls_context *t, const char *file, struct rd_buf *why)
{
    const mbedtls_x509_time *from = &t->chain.valid_from, *to = &t->chain.valid_to;

    if (mbedtls_x509_time_is_past(to)) {
        rd_buf_printf(why, "%s: the certificate has expired on %04d-%02d-%02d; renew it", file,
                      to->year, to->mon, to->day);
        return RD_E_TLS;
    }
    if (mbedtls_x509_time_is_future(from)) {
        rd_buf_printf(why, "%s: the certificate is not valid before %04d-%02d-%02d; is the "
                      "clock of this machine right?", file, from->year, from->mon, from->day);
        return RD_E_TLS;
    }
    return 0;
}

static int
tls_check(struct rd_tls_context *t, const char *certificate, const char *key, struct rd_buf *why)
{
    size_t size = 0;

    if (mbedtls_pk_check_pair(&t->chain.pk, &t->key, mbedtls_psa_get_random,
                              MBEDTLS_PSA_RANDOM_STATE) != 0) {
        rd_buf_printf(why, "%s: the key does not belong to the first certificate in %s; the "
                      "server's own certificate must come first", key, certificate);
        return RD_E_TLS;
    }
    if (mbedtls_pk_get_type(&t->key) == MBEDTLS_PK_RSA
        && mbedtls_pk_get_bitlen(&t->key) < TLS_RSA_LEAST) {
        rd_buf_printf(why, "%s: an RSA key of %zu bits is too short (at least %d)", key,
                      mbedtls_pk_get_bitlen(&t->key), TLS_RSA_LEAST);
        return RD_E_TLS;
    }
    for (const mbedtls_x509_crt *c = &t->chain; c != NULL; c = c->next)
        size += c->raw.len + 8;
    if (size > TLS_CHAIN_MOST) {
        rd_buf_printf(why, "%s: a chain of %zu bytes is too long (at most %d); leave the root "
                      "out", certificate, size, TLS_CHAIN_MOST);
        return RD_E_TLS;
    }
    return tls_check_time(t, certificate, why);
}

/* ---- contexts ------------------------------------------------------------- */

static int
tls_configure(struct rd_tls_context *t, struct rd_buf *why)
{
    mbedtls_ssl_config *conf = &t->conf;
    int error = mbedtls_ssl_config_defaults(conf, MBEDTLS_SSL_IS_SERVER,
                                            MBEDTLS_SSL_TRANSPORT_STREAM,
                                            MBEDTLS_SSL_PRESET_DEFAULT);

    if (error == 0)
        error = mbedtls_ssl_conf_own_cert(conf, &t->chain, &t->key);
    if (error == 0)
        error = mbedtls_ssl_conf_alpn_protocols(conf, tls_protocols);
    if (error != 0)
        return tls_say(why, "TLS", error, "");
    mbedtls_ssl_conf_rng(conf, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_ciphersuites(conf, tls_suites);
    mbedtls_ssl_conf_groups(conf, tls_groups);
    mbedtls_ssl_conf_tls13_key_exchange_modes(
        conf, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL
                  | MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL);
    rd_tls_use_tickets(conf);
    return 0;
}

static struct rd_tls_context *
tls_context_new(void)
{
    struct rd_tls_context *t = rd_calloc(1, sizeof *t);

    t->magic = RD_TLS_CONTEXT_MAGIC;
    atomic_init(&t->refs, 1);
    mbedtls_ssl_config_init(&t->conf);
    mbedtls_x509_crt_init(&t->chain);
    mbedtls_pk_init(&t->key);
    return t;
}

int
rd_tls_context_load(const char *certificate, const char *key, struct rd_tls_context **out,
                    struct rd_buf *why)
{
    struct rd_tls_context *t = tls_context_new();
    int error = rd_tls_init();

    *out = NULL;
    if (error != 0)
        rd_buf_put_str(why, "the random generator does not work");
    if (error == 0)
        error = tls_load_chain(t, certificate, why);
    if (error == 0)
        error = tls_load_key(t, key, why);
    if (error == 0)
        error = tls_check(t, certificate, key, why);
    if (error == 0)
        error = tls_configure(t, why);
    if (error != 0) {
        rd_tls_context_unref(t);
        return error;
    }
    *out = t;
    return 0;
}

struct rd_tls_context *
rd_tls_context_ref(struct rd_tls_context *t)
{
    if (t == NULL)
        return NULL;
    RD_CHECK(t, RD_TLS_CONTEXT_MAGIC);
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void
rd_tls_context_unref(struct rd_tls_context *t)
{
    if (t == NULL)
        return;
    RD_CHECK(t, RD_TLS_CONTEXT_MAGIC);
    if (atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    t->magic = RD_DEAD;
    mbedtls_ssl_config_free(&t->conf);
    mbedtls_x509_crt_free(&t->chain);
    mbedtls_pk_free(&t->key);
    free(t);
}

double
rd_tls_context_expires(const struct rd_tls_context *t)
{
    RD_CHECK(t, RD_TLS_CONTEXT_MAGIC);
    return tls_seconds(&t->chain.valid_to);
}
