/*
 * rules.c - what a complete head must be like beyond llhttp's grammar.
 *
 * One Host, one framing, a target that we can route, expectations that we can
 * meet. Fills the request's fields. Called by parser.c; owns nothing.
 */
#include <string.h>

#include "base/check.h"
#include "http/parser.h"

struct rules_seen {
    size_t host, encoding;    /* how many of them */
    struct rd_slice host_value, encoding_value, expect;
};

static bool
rules_is(const struct rd_http_header *h, struct rd_slice name)
{
    return h->name.n == name.n && rd_slice_eq_nocase(h->name, name);
}

/* Values end with the blanks before CRLF still on them (RFC 9112 5.1 has them removed). */
static struct rd_slice
rules_trim(struct rd_slice v)
{
    while (v.n > 0 && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
        v.n--;
    return v;
}

static void
rules_look(struct rules_seen *seen, const struct rd_http_header *h)
{
    switch (h->name.n) {
    case 4:
        if (rules_is(h, RD_LIT("host"))) {
            seen->host++;
            seen->host_value = h->value;
        }
        break;
    case 6:
        if (rules_is(h, RD_LIT("expect")))
            seen->expect = h->value;
        break;
    case 17:
        if (rules_is(h, RD_LIT("transfer-encoding"))) {
            seen->encoding++;
            seen->encoding_value = h->value;
        }
        break;
    default: break;
    }
}

/* ---- Host ----------------------------------------------------------------- */

static bool
rules_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The length of a prefix of letters, digits and the given others. */
static size_t
rules_span(struct rd_slice s, const char *others)
{
    size_t i = 0;

    while (i < s.n && (rules_alnum(s.p[i]) || (s.p[i] != '\0' && strchr(others, s.p[i]))))
        i++;
    return i;
}

/* name, address or [IPv6], then perhaps ":" and digits (RFC 9110 7.2); "a, b" is none. */
static bool
rules_host_valid(struct rd_slice v)
{
    size_t i;

    if (v.n > 0 && v.p[0] == '[') {
        i = 1 + rules_span(rd_slice_skip(v, 1), ":.");
        if (i < 3 || i >= v.n || v.p[i] != ']')
            return false;
        i++;
    } else {
        i = rules_span(v, "-._~%");
    }
    if (i == 0 || i > 255)
        return false;
    v = rd_slice_skip(v, i);
    if (v.n == 0)
        return true;
    if (v.p[0] != ':' || v.n > 6)
        return false;
    for (i = 1; i < v.n; i++)
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
    return true;
}

/* ---- target --------------------------------------------------------------- */

/* The path and query of an absolute-form target (RFC 9112 3.2.2); false when it is none of ours. */
static bool
rules_absolute(struct rd_slice target, struct rd_slice *rest)
{
    size_t scheme, end;

    if (target.n > 7 && rd_slice_eq_nocase(rd_slice_make(target.p, 7), RD_LIT("http://")))
        scheme = 7;
    else if (target.n > 8 && rd_slice_eq_nocase(rd_slice_make(target.p, 8), RD_LIT("https://")))
        scheme = 8;
    else
        return false;
    target = rd_slice_skip(target, scheme);
    for (end = 0; end < target.n && target.p[end] != '/' && target.p[end] != '?'; end++)
        continue;
    *rest = rd_slice_skip(target, end);
    return rules_host_valid(rd_slice_make(target.p, end));
}

/* Where the path and query are; false for a target that is no target. */
static bool
rules_target(struct rd_slice method, struct rd_slice target, struct rd_slice *rest)
{
    *rest = target;
    if (target.n == 0 || memchr(target.p, '#', target.n) || memchr(target.p, '\\', target.n))
        return false;
    if (target.p[0] == '/')
        return true;
    if (rd_slice_eq(target, RD_LIT("*")))
        return rd_slice_eq(method, RD_LIT("OPTIONS"));
    return rules_absolute(target, rest);
}

void
rd_rules_fill(struct rd_parser *p)
{
    struct rd_http_request *r = &p->request;
    struct rd_slice rest;
    size_t question;

    r->target = p->in->target;
    (void)rules_target(r->method, r->target, &rest);
    question = rd_slice_find(rest, '?');
    r->path = question > 0 ? rd_slice_make(rest.p, question) : RD_LIT("/");
    r->query = rd_slice_skip(rest, question + 1);
}

/* ---- all of it ------------------------------------------------------------ */

static int
rules_framing(const struct rd_parser *p, const struct rules_seen *seen)
{
    if (seen->encoding > 0) {
        if (p->ll.http_minor == 0)
            return 400;
        if (seen->encoding > 1 || !rd_slice_eq_nocase(seen->encoding_value, RD_LIT("chunked")))
            return 501;
    }
    if ((p->ll.flags & F_CHUNKED) == 0 && p->ll.content_length > p->limits->max_body)
        return 413;
    return 0;
}

static int
rules_expect(struct rd_parser *p, const struct rules_seen *seen)
{
    if (seen->expect.p == NULL || p->ll.http_minor == 0)
        return 0;
    if (!rd_slice_eq_nocase(seen->expect, RD_LIT("100-continue")))
        return 417;
    p->expects = (p->ll.flags & F_CHUNKED) != 0 || p->ll.content_length > 0;
    return 0;
}

static int
rules_host(const struct rd_parser *p, const struct rules_seen *seen)
{
    if (seen->host == 0)
        return p->ll.http_minor == 0 ? 0 : 400;
    return seen->host == 1 && rules_host_valid(seen->host_value) ? 0 : 400;
}

int
rd_rules_check(struct rd_parser *p)
{
    struct rd_http_request *r = &p->request;
    struct rules_seen seen = { 0 };
    struct rd_slice rest;
    int status;

    for (size_t i = 0; i < p->in->n_headers; i++) {
        struct rd_http_header *h = &p->in->headers[i];

        h->value = rules_trim(h->value);
        rules_look(&seen, h);
    }
    r->method = rd_slice_str(llhttp_method_name((llhttp_method_t)p->ll.method));
    r->minor = p->ll.http_minor;
    p->keep_alive = llhttp_should_keep_alive(&p->ll) != 0;
    if (p->ll.http_major != 1)
        return 400;    /* HTTP/0.9 has no version to check */
    if (p->ll.method == HTTP_CONNECT)
        return 405;
    status = rules_target(r->method, p->in->target, &rest) ? rules_host(p, &seen) : 400;
    status = status ? status : rules_framing(p, &seen);
    return status ? status : rules_expect(p, &seen);
}
