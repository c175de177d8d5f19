/*
 * forwarded.h - what a proxy in front of us says about the request: X-Forwarded-*.
 *
 * Anybody can write these headers; the caller asks only for a peer that is in
 * `trusted_proxies`.
 */
#ifndef RD_HTTP_FORWARDED_H
#define RD_HTTP_FORWARDED_H

#include "http/public_url.h"
#include "http/server.h"

/* Addresses that begin with the same bits. */
struct rd_network {
    int family;                 /* AF_INET, AF_INET6 */
    unsigned bits;
    unsigned char address[16];
};

/* "10.0.0.0/8", "192.0.2.1", "2001:db8::/32"; 0 or RD_E_INVALID (bits beyond the mask set, too). */
int rd_network_parse(struct rd_slice text, struct rd_network *out);
/* The address (as text, without port) is in one of the n networks. */
bool rd_network_has(const struct rd_network *networks, size_t n, struct rd_slice address);

/*
 * The client behind our trusted proxies: the last address of X-Forwarded-For that is none of them;
 * the peer itself when it is not trusted or says nothing. A slice of the request.
 */
struct rd_slice rd_forwarded_peer(const struct rd_http_request *r,
                                  const struct rd_network *trusted, size_t n);

/*
 * What the client says that it called: scheme and Host header, or, when the peer is trusted,
 * X-Forwarded-Proto, -Host, -Port and -Prefix (the first of a list). Slices of the request; false
 * without a host.
 */
bool rd_forwarded_url(const struct rd_http_request *r, bool trusted, struct rd_public_url *out);

#endif
