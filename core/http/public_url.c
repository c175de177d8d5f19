/*
 * public_url.c - see public_url.h. Pure; called from app (configuration,
 * `verify`) and gateway (ROUTE, VERIFY).
 *
 * A URL is cut into raw pieces and never normalised: Twilio signs the bytes it
 * was configured with (twilio-facts section 1).
 */
#include "http/public_url.h"

#include "base/error.h"

/* scheme "://" authority tail, all raw; user-info and fragment are already gone. */
struct url_parts {
    struct rd_slice scheme, host, port;
    struct rd_slice tail;    /* path and query as they are, maybe empty */
};

static struct rd_slice
url_upto(struct rd_slice s, size_t n)
{
    return rd_slice_make(s.p, n);
}

/* Position of the first of the bytes in set, or s.n. */
static size_t
url_find_any(struct rd_slice s, const char *set)
{
    size_t n = s.n;

    for (; *set != '\0'; set++) {
        size_t at = rd_slice_find(s, *set);

        n = at < n ? at : n;
    }
    return n;
}

static size_t
url_find_last(struct rd_slice s, char c)
{
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == c)
            return i - 1;
    return s.n;
}

/* host and port of an authority without user-info; an IPv6 address keeps its brackets. */
static void
url_split_port(struct rd_slice authority, struct url_parts *out)
{
    size_t bracket = url_find_last(authority, ']');
    size_t from = bracket < authority.n ? bracket : 0;
    size_t colon = from + rd_slice_find(rd_slice_skip(authority, from), ':');

    out->host = url_upto(authority, colon);
    out->port = rd_slice_skip(authority, colon + 1);
}

static bool
url_split(struct rd_slice url, struct url_parts *out)
{
    size_t scheme = rd_slice_find(url, ':'), end, at;
    struct rd_slice rest = rd_slice_skip(url, scheme), authority;

    if (scheme == 0 || !rd_slice_starts(rest, RD_LIT("://")))
        return false;
    out->scheme = url_upto(url, scheme);
    rest = rd_slice_skip(rest, 3);
    rest = url_upto(rest, rd_slice_find(rest, '#'));
    end = url_find_any(rest, "/?");
    authority = url_upto(rest, end);
    at = url_find_last(authority, '@');
    url_split_port(at < authority.n ? rd_slice_skip(authority, at + 1) : authority, out);
    out->tail = rd_slice_skip(rest, end);
    return out->host.n > 0;
}

static bool
url_is_port(struct rd_slice s)
{
    unsigned value = 0;

    if (s.n == 0 || s.n > 5)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        value = value * 10 + (unsigned)(s.p[i] - '0');
    }
    return value >= 1 && value <= 65535;
}

/* No control characters, blanks, quotes or angle brackets: what a pasted URL may have caught. */
static bool
url_is_clean(struct rd_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F
            || strchr("\"'<>\\^`{|}", s.p[i]) != NULL)
            return false;
    return true;
}

int
rd_public_url_parse(struct rd_slice text, struct rd_public_url *out)
{
    struct url_parts u;
    bool colon;

    if (!url_is_clean(text) || !url_split(text, &u) || rd_slice_find(u.tail, '?') < u.tail.n)
        return RD_E_INVALID;
    if (!rd_slice_eq_nocase(u.scheme, RD_LIT("https"))
        && !rd_slice_eq_nocase(u.scheme, RD_LIT("http")))
        return RD_E_INVALID;
    colon = u.port.p > u.host.p + u.host.n;    /* "host:" with nothing behind it is a mistake */
    if (colon && !url_is_port(u.port))
        return RD_E_INVALID;
    while (u.tail.n > 0 && u.tail.p[u.tail.n - 1] == '/')
        u.tail.n--;
    *out = (struct rd_public_url){ u.scheme, u.host, u.port, u.tail };
    return 0;
}

bool
rd_public_url_strip(const struct rd_public_url *u, struct rd_slice path, struct rd_slice *rest)
{
    struct rd_slice below = rd_slice_skip(path, u->prefix.n);

    if (!rd_slice_starts(path, u->prefix) || (below.n > 0 && below.p[0] != '/'))
        return false;
    *rest = below.n > 0 ? below : RD_LIT("/");
    return true;
}

/* One candidate at the end of buf, as {NULL, length}: buf may still move. */
static void
url_put(struct rd_buf *buf, const struct rd_slice *pieces, size_t n, struct rd_slice *out)
{
    size_t start = buf->n;

    for (size_t i = 0; i < n; i++)
        rd_buf_put_slice(buf, pieces[i]);
    *out = rd_slice_make(NULL, buf->n - start);
}

/*
 * Both port forms of one URL. Twilio keeps a port for messages and dropped it for
 * other callbacks, so its libraries accept: as given (the default port of the
 * scheme added when there is none), or without a port.
 */
static size_t
url_port_forms(const struct url_parts *u, struct rd_slice prefix, struct rd_slice tail,
               struct rd_buf *buf, struct rd_slice *out)
{
    struct rd_slice none = RD_LIT(""), colon = RD_LIT(":");
    struct rd_slice usual =
        rd_slice_eq_nocase(u->scheme, RD_LIT("https")) ? RD_LIT("443") : RD_LIT("80");
    bool given = u->port.n > 0;
    struct rd_slice pieces[] = {
        u->scheme, RD_LIT("://"), u->host, given ? colon : none, u->port, prefix, tail,
    };

    url_put(buf, pieces, sizeof pieces / sizeof pieces[0], &out[0]);
    pieces[3] = given ? none : colon;
    pieces[4] = given ? none : usual;
    url_put(buf, pieces, sizeof pieces / sizeof pieces[0], &out[1]);
    return 2;
}

/* Gives the candidates their place in buf; 0 when the buffer failed. */
static size_t
url_settle(const struct rd_buf *buf, size_t start, size_t n, struct rd_slice *out)
{
    const char *p = buf->p;

    if (buf->error != 0)
        return 0;
    for (size_t i = 0; i < n; start += out[i].n, i++)
        out[i].p = p + start;
    return n;
}

size_t
rd_public_url_candidates(const struct rd_public_url *u, struct rd_slice target,
                         struct rd_buf *buf, struct rd_slice out[RD_URL_CANDIDATES])
{
    struct url_parts parts = { u->scheme, u->host, u->port, target };
    size_t start = buf->n, n, path_end;
    struct rd_slice prefix = u->prefix, rest;

    target = url_upto(target, rd_slice_find(target, '#'));
    path_end = rd_slice_find(target, '?');
    if (rd_public_url_strip(u, url_upto(target, path_end), &rest))
        prefix = RD_LIT("");    /* else the proxy in front of us has taken the prefix off */
    n = url_port_forms(&parts, prefix, target, buf, out);
    if (path_end == 1 && target.p[0] == '/')
        n += url_port_forms(&parts, prefix, rd_slice_skip(target, 1), buf, out + n);
    return url_settle(buf, start, n, out);
}

size_t
rd_url_candidates(struct rd_slice url, struct rd_buf *buf, struct rd_slice out[RD_URL_CANDIDATES])
{
    struct url_parts parts;
    size_t start = buf->n;

    if (!url_split(url, &parts))
        return 0;
    return url_settle(buf, start, url_port_forms(&parts, RD_LIT(""), parts.tail, buf, out), out);
}
