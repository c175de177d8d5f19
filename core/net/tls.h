/*
 * tls.h - certificates, keys and settings of TLS, as immutable snapshots.
 *
 * A rd_tls_context is shared by all front threads and by each connection that
 * began with it: reference counted (atomic), never changed after it was made.
 */
#ifndef RD_NET_TLS_H
#define RD_NET_TLS_H

#include "base/buf.h"
#include "net/conn.h"

/*
 * Certificate chain (leaf first) and private key from PEM files. On an error *out is NULL and why
 * says which file, what is wrong and what to do.
 */
int rd_tls_context_load(const char *certificate, const char *key, struct rd_tls_context **out,
                        struct rd_buf *why);

/*
 * The same with a self-signed ECDSA P-256 certificate for hostname (a name or an IP address), made
 * at first start in dir as tls-cert.pem and tls-key.pem (0600) and used again at the next.
 */
int rd_tls_self_signed(const char *dir, const char *hostname, struct rd_tls_context **out,
                       struct rd_buf *why);

/* NULL is passed through. Any thread. */
struct rd_tls_context *rd_tls_context_ref(struct rd_tls_context *t);
void rd_tls_context_unref(struct rd_tls_context *t);

/* Seconds since 1970 when the leaf certificate ends. */
double rd_tls_context_expires(const struct rd_tls_context *t);

/* For conn.c and hub.c: makes the session; goes on with a handshake that has input. */
int rd_tls_attach(struct rd_conn *c, struct rd_tls_context *t);
void rd_tls_handshake(struct rd_conn *c);

#endif
