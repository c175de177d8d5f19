/*
 * address.h - where to listen: from its text to a bound socket and back.
 *
 * Binding is apart from serving, so that main can bind all first and refuse to
 * start (exit 69) before anything else is begun.
 */
#ifndef RD_NET_ADDRESS_H
#define RD_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct rd_address {
    bool tls;
    bool local;           /* a unix socket; host is its path */
    char host[108];       /* address or name without brackets; a path: sun_path's size */
    uint16_t port;        /* 0: any free one */
};

/*
 * "https://0.0.0.0:443", "http://[::1]:0", "127.0.0.1:9090" (plain), "unix:PATH" (plain). Without a
 * port: 443 or 80. 0 or RD_E_INVALID.
 */
int rd_address_parse(struct rd_slice text, struct rd_address *out);

/* Only this machine can reach it: loopback address or unix socket. */
bool rd_address_is_loopback(const struct rd_address *a);

/*
 * Binds and listens; *fd is the caller's. A stale unix socket is replaced, a live one is not. On
 * RD_E_ADDRESS why says what is wrong and what to do.
 */
int rd_address_bind(const struct rd_address *a, int *fd, struct rd_buf *why);

/* "https://127.0.0.1:43211" with the real port; "unix:PATH". */
int rd_address_print(const struct rd_address *a, int fd, struct rd_buf *out);

#endif
