/*
 * tls_ticket.c - the ticket keys, shared by all contexts and threads.
 *
 * They outlive a reload, so that clients resume under a renewed certificate.
 * mbedTLS guards them with a mutex and makes a new one when one is over; the
 * last but one still opens tickets, so a ticket lives at most twice as long.
 */
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl_ticket.h>
#include <psa/crypto.h>
#include <pthread.h>

#include "base/error.h"
#include "net/tls_session.h"

#define TICKET_SECONDS (12 * 3600)    /* a key gives tickets for so long, gone after 24 h */

static pthread_once_t ticket_once = PTHREAD_ONCE_INIT;
static mbedtls_ssl_ticket_context ticket_keys;
static int ticket_status;

static void
ticket_init(void)
{
    mbedtls_ssl_ticket_init(&ticket_keys);
    ticket_status = RD_E_TLS;
    if (psa_crypto_init() == PSA_SUCCESS
        && mbedtls_ssl_ticket_setup(&ticket_keys, mbedtls_psa_get_random,
                                    MBEDTLS_PSA_RANDOM_STATE, MBEDTLS_CIPHER_AES_256_GCM,
                                    TICKET_SECONDS) == 0)
        ticket_status = 0;
}

int
rd_tls_init(void)
{
    pthread_once(&ticket_once, ticket_init);
    return ticket_status;
}

void
rd_tls_use_tickets(mbedtls_ssl_config *conf)
{
    mbedtls_ssl_conf_session_tickets_cb(conf, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                        &ticket_keys);
}
