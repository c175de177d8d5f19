/*
 * tls_session.h - private to tls*.c: what a context holds.
 */
#ifndef RD_NET_TLS_SESSION_H
#define RD_NET_TLS_SESSION_H

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <stdatomic.h>

#include "net/tls.h"

#define RD_TLS_CONTEXT_MAGIC RD_MAGIC('t', 'l', 's', 'c')

struct rd_tls_context {
    uint32_t magic;
    atomic_uint refs;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt chain;
    mbedtls_pk_context key;
};

/* psa_crypto_init() and the ticket keys of all contexts, once; 0 or RD_E_TLS. Any thread. */
int rd_tls_init(void);
/* Lets conf give out and take tickets under the shared keys. */
void rd_tls_use_tickets(mbedtls_ssl_config *conf);

#endif
