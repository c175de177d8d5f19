/* text_auth.c - see text_auth.h. Pure; called by text_send.c. */
#include "app/text_auth.h"

#include <mbedtls/base64.h>
#include <stdio.h>

#include "app/config_value.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/percent.h"

#define AUTH_MOST 1024    /* bytes of user:password in base64 */

/* ---- is it ours? -------------------------------------------------------------------- */

/* An IPv6 address without its brackets. */
static struct rd_slice
auth_bare_host(const struct rd_public_url *to)
{
    bool v6 = to->host.n > 1 && to->host.p[0] == '[';

    return v6 ? rd_slice_make(to->host.p + 1, to->host.n - 2) : to->host;
}

static bool
auth_is_tls(const struct rd_public_url *u)
{
    return rd_slice_eq_nocase(u->scheme, RD_LIT("https"));
}

static struct rd_slice
auth_port(const struct rd_public_url *u)
{
    if (u->port.n > 0)
        return u->port;
    return auth_is_tls(u) ? RD_LIT("443") : RD_LIT("80");
}

bool
rd_text_is_loopback(const struct rd_public_url *to)
{
    return rd_config_is_loopback(auth_bare_host(to))
        || rd_slice_eq_nocase(to->host, RD_LIT("localhost"));
}

static bool
auth_is_listener(const struct rd_listen *l, const struct rd_public_url *to)
{
    bool any = rd_slice_eq(l->host, RD_LIT("0.0.0.0")) || rd_slice_eq(l->host, RD_LIT("::"));
    bool local = rd_text_is_loopback(to) && (any || rd_config_is_loopback(l->host));
    char port[8];

    snprintf(port, sizeof port, "%u", l->port);
    return l->tls == auth_is_tls(to) && (local || rd_slice_eq(l->host, auth_bare_host(to)))
        && (l->port == 0 || rd_slice_eq(rd_slice_str(port), auth_port(to)));
}

static bool
auth_is_own(const struct rd_config *c, const struct rd_public_url *to)
{
    for (size_t i = 0; i < c->n_public_urls; i++) {
        const struct rd_public_url *u = &c->public_urls[i];

        if (auth_is_tls(u) == auth_is_tls(to) && rd_slice_eq_nocase(u->host, to->host)
            && rd_slice_eq(auth_port(u), auth_port(to)))
            return true;
    }
    for (size_t i = 0; i < c->n_listen; i++)
        if (auth_is_listener(&c->listen[i], to))
            return true;
    return false;
}

/* ---- what the URL names --------------------------------------------------------------- */

/* "user:password" of scheme://user:password@host/path; empty: none. */
static struct rd_slice
auth_of_url(struct rd_slice url)
{
    const char *slashes = url.n ? memmem(url.p, url.n, "://", 3) : NULL;
    struct rd_slice rest = rd_slice_skip(url, slashes ? (size_t)(slashes - url.p) + 3 : url.n);
    size_t end = 0;

    for (size_t i = 0; i < rest.n && rest.p[i] != '/' && rest.p[i] != '?'; i++)
        if (rest.p[i] == '@')
            end = i;
    return rd_slice_make(rest.p, end);
}

/* %XX decoded; a "+" is one here. */
static void
auth_decode(struct rd_slice s, struct rd_buf *out)
{
    while (s.n > 0) {
        size_t n = rd_slice_find(s, '+');
        char *to = rd_buf_reserve(out, n + 1);

        if (to == NULL)
            return;
        out->n += rd_percent_decode(rd_slice_make(s.p, n), to);
        if (n < s.n)
            rd_buf_put_char(out, '+');
        s = rd_slice_skip(s, n + 1);
    }
}

static int
auth_put_url(struct rd_slice named, struct rd_buf *out)
{
    unsigned char text[AUTH_MOST];
    struct rd_buf plain;
    size_t n = 0;
    int error;

    rd_buf_init(&plain, AUTH_MOST);
    auth_decode(named, &plain);
    if (rd_slice_find(named, ':') == named.n)
        rd_buf_put_char(&plain, ':');    /* a user without a password */
    error = plain.error;
    if (error == 0 && mbedtls_base64_encode(text, sizeof text, &n, (const unsigned char *)plain.p,
                                            plain.n) != 0)
        error = RD_E_TOO_BIG;
    if (error == 0)
        rd_buf_printf(out, "Authorization: Basic %.*s\r\n", (int)n, (const char *)text);
    rd_memzero(text, sizeof text);
    if (plain.p != NULL)
        rd_memzero(plain.p, plain.cap);
    rd_buf_free(&plain);
    return error;
}

int
rd_text_auth_put(const struct rd_config *c, struct rd_slice url, const struct rd_public_url *to,
                 struct rd_buf *out)
{
    struct rd_slice named = auth_of_url(url);

    if (named.n > 0)
        return auth_put_url(named, out);
    if (c != NULL && c->basic_auth.n > 0 && (url.n == 0 || auth_is_own(c, to)))
        rd_buf_printf(out, "Authorization: Basic %.*s\r\n", RD_PRI(c->basic_auth));
    return 0;
}
