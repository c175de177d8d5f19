/*
 * forwarded.c - see forwarded.h. Pure; called from gateway (VERIFY, explain) and app
 * (configuration).
 */
#include "http/forwarded.h"

#include <arpa/inet.h>

#include "base/error.h"

#define FORWARDED_ADDRESS 46    /* INET6_ADDRSTRLEN */

/* ---- networks ---------------------------------------------------------------- */

/* The bytes of an address; its family, or 0. An IPv4 address in IPv6 clothes counts as IPv4. */
static int
network_address(struct rd_slice text, unsigned char out[16])
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    char copy[FORWARDED_ADDRESS];

    if (text.n == 0 || text.n >= sizeof copy || memchr(text.p, 0, text.n) != NULL)
        return 0;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    if (inet_pton(AF_INET, copy, out) == 1)
        return AF_INET;
    if (inet_pton(AF_INET6, copy, out) != 1)
        return 0;
    if (memcmp(out, mapped, sizeof mapped) != 0)
        return AF_INET6;
    memmove(out, out + sizeof mapped, 4);
    return AF_INET;
}

static bool
network_bits_equal(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned char rest = (unsigned char)(0xff00 >> bits % 8);

    return memcmp(a, b, bits / 8) == 0
        && (bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & rest) == 0);
}

/* A decimal number up to most; false when it is none. */
static bool
network_number(struct rd_slice digits, unsigned most, unsigned *out)
{
    *out = 0;
    if (digits.n == 0 || digits.n > 3)
        return false;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
        *out = *out * 10 + (unsigned)(digits.p[i] - '0');
    }
    return *out <= most;
}

/* Nothing is set behind the mask: 10.1.2.3/8 is rather a mistake than a network. */
static bool
network_is_clean(const struct rd_network *n)
{
    for (unsigned i = n->bits; i < (n->family == AF_INET ? 32u : 128u); i++)
        if (n->address[i / 8] & 0x80 >> i % 8)
            return false;
    return true;
}

int
rd_network_parse(struct rd_slice text, struct rd_network *out)
{
    size_t slash = rd_slice_find(text, '/');
    unsigned most;

    *out = (struct rd_network){ 0 };
    out->family = network_address(rd_slice_make(text.p, slash), out->address);
    if (out->family == 0)
        return RD_E_INVALID;
    most = out->family == AF_INET ? 32 : 128;
    out->bits = most;
    if (slash < text.n && !network_number(rd_slice_skip(text, slash + 1), most, &out->bits))
        return RD_E_INVALID;
    return network_is_clean(out) ? 0 : RD_E_INVALID;
}

bool
rd_network_has(const struct rd_network *networks, size_t n, struct rd_slice address)
{
    unsigned char bytes[16];
    int family = n > 0 ? network_address(address, bytes) : 0;

    for (size_t i = 0; family != 0 && i < n; i++)
        if (networks[i].family == family
            && network_bits_equal(networks[i].address, bytes, networks[i].bits))
            return true;
    return false;
}

/* ---- headers ------------------------------------------------------------------ */

static struct rd_slice
forwarded_first(const struct rd_http_request *r, struct rd_slice name)
{
    struct rd_slice value = rd_http_header_get(r, name, NULL);

    return rd_slice_trim(rd_slice_make(value.p, rd_slice_find(value, ',')));
}

/* Without brackets and port: "[::1]:80", "192.0.2.1:80", "2001:db8::1". */
static struct rd_slice
forwarded_address(struct rd_slice s)
{
    size_t colon = rd_slice_find(s, ':');
    struct rd_slice after = rd_slice_skip(s, colon + 1);

    if (s.n > 0 && s.p[0] == '[') {
        s = rd_slice_skip(s, 1);
        return rd_slice_make(s.p, rd_slice_find(s, ']'));
    }
    return rd_slice_find(after, ':') < after.n ? s : rd_slice_make(s.p, colon);
}

struct rd_slice
rd_forwarded_peer(const struct rd_http_request *r, const struct rd_network *trusted, size_t n)
{
    struct rd_slice peer = r->peer, list;
    unsigned char bytes[16];

    for (size_t i = r->n_headers; i > 0 && rd_network_has(trusted, n, peer); i--) {
        if (!rd_slice_eq_nocase(r->headers[i - 1].name, RD_LIT("x-forwarded-for")))
            continue;
        list = r->headers[i - 1].value;
        while (list.n > 0 && rd_network_has(trusted, n, peer)) {
            size_t at = list.n;
            struct rd_slice last;

            while (at > 0 && list.p[at - 1] != ',')
                at--;
            last = forwarded_address(rd_slice_trim(rd_slice_skip(list, at)));
            list.n = at > 0 ? at - 1 : 0;
            if (network_address(last, bytes) == 0)
                return peer;    /* what stands before it cannot be trusted either */
            peer = last;
        }
    }
    return peer;
}

/* host[:port] */
static void
forwarded_authority(struct rd_slice text, struct rd_public_url *out)
{
    size_t colon = text.n;

    while (colon > 0 && text.p[colon - 1] >= '0' && text.p[colon - 1] <= '9')
        colon--;
    if (colon > 0 && colon < text.n && text.p[colon - 1] == ':') {
        out->host = rd_slice_make(text.p, colon - 1);
        out->port = rd_slice_skip(text, colon);
    } else {
        out->host = text;
    }
}

static bool
forwarded_is_default_port(const struct rd_public_url *u, struct rd_slice port)
{
    return rd_slice_eq(port, rd_slice_eq_nocase(u->scheme, RD_LIT("https")) ? RD_LIT("443")
                                                                             : RD_LIT("80"));
}

bool
rd_forwarded_url(const struct rd_http_request *r, bool trusted, struct rd_public_url *out)
{
    struct rd_slice proto, host, port, prefix;

    *out = (struct rd_public_url){ .scheme = r->tls ? RD_LIT("https") : RD_LIT("http") };
    forwarded_authority(rd_http_header_get(r, RD_LIT("host"), NULL), out);
    if (!trusted)
        return out->host.n > 0;
    proto = forwarded_first(r, RD_LIT("x-forwarded-proto"));
    host = forwarded_first(r, RD_LIT("x-forwarded-host"));
    port = forwarded_first(r, RD_LIT("x-forwarded-port"));
    prefix = forwarded_first(r, RD_LIT("x-forwarded-prefix"));
    if (proto.n > 0)
        out->scheme = proto;
    if (host.n > 0) {
        out->port = RD_LIT("");
        forwarded_authority(host, out);
    }
    if (port.n > 0 && out->port.n == 0 && !forwarded_is_default_port(out, port))
        out->port = port;
    while (prefix.n > 0 && prefix.p[prefix.n - 1] == '/')
        prefix.n--;
    out->prefix = prefix;
    return out->host.n > 0;
}
