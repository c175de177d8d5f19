/* explain_variants.c - see explain_variants.h: URLs and tokens. Pure; called by explain.c. */
#include "gateway/explain_variants.h"

#include <stdio.h>

#include "base/percent.h"
#include "gateway/route.h"

#define VARIANTS_ARENA ((size_t)1 << 20)

/* ---- scheme, host, port, prefix ------------------------------------------------- */

static bool
base_is(const struct rd_public_url *a, const struct rd_public_url *b)
{
    return rd_slice_eq(a->scheme, b->scheme) && rd_slice_eq(a->host, b->host)
        && rd_slice_eq(a->port, b->port) && rd_slice_eq(a->prefix, b->prefix);
}

/* Once each; the cheaper one comes first. */
static struct rd_explain_base *
base_add(struct rd_explain_variants *v, struct rd_public_url url, unsigned cost)
{
    for (size_t i = 0; i < v->n_bases; i++)
        if (base_is(&v->bases[i].url, &url))
            return &v->spare;
    if (v->n_bases == RD_EXPLAIN_BASES || url.host.n == 0)
        return &v->spare;
    v->bases[v->n_bases] = (struct rd_explain_base){ .url = url, .cost = cost };
    return &v->bases[v->n_bases++];
}

static struct rd_public_url
base_other_scheme(struct rd_public_url u)
{
    u.scheme = rd_slice_eq_nocase(u.scheme, RD_LIT("https")) ? RD_LIT("http") : RD_LIT("https");
    if (rd_slice_eq(u.port, RD_LIT("443")) || rd_slice_eq(u.port, RD_LIT("80")))
        u.port = RD_LIT("");
    return u;
}

static struct rd_slice
base_lower(struct rd_explain_variants *v, struct rd_slice s)
{
    struct rd_slice copy = rd_arena_copy(&v->arena, s);
    char *p = (char *)(uintptr_t)copy.p;    /* ours */

    for (size_t i = 0; i < copy.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] - 'A' + 'a');
    return copy;
}

static struct rd_slice
base_join(struct rd_explain_variants *v, struct rd_slice a, struct rd_slice b)
{
    char *p = rd_arena_alloc(&v->arena, a.n + b.n + 1);

    if (p == NULL)
        return rd_slice_make(NULL, 0);
    if (a.n > 0)
        memcpy(p, a.p, a.n);
    if (b.n > 0)
        memcpy(p + a.n, b.p, b.n);
    return rd_slice_make(p, a.n + b.n);
}

/* One thing of a public URL of the configuration is wrong. */
static void
base_near(struct rd_explain_variants *v, const struct rd_explain *e, struct rd_public_url u,
          const struct rd_public_url *asked)
{
    struct rd_slice forwarded = rd_http_header_get(e->request, RD_LIT("x-forwarded-prefix"), NULL);
    struct rd_public_url other = u;
    struct rd_slice rest;

    base_add(v, base_other_scheme(u), 1);
    other.prefix = RD_LIT("");
    base_add(v, other, 1)->is_no_setting = rd_public_url_strip(&u, e->request->path, &rest);
    other.prefix = base_join(v, u.prefix, forwarded);
    base_add(v, other, 1);
    other = u;
    other.host = base_lower(v, u.host);
    base_add(v, other, 1);
    other = u;
    other.port = asked->port;    /* of the Host header */
    base_add(v, other, 1);
    base_add(v, base_other_scheme(other), 2);
    for (size_t i = 0; i < e->config->n_listen; i++) {
        char port[8];
        int n = snprintf(port, sizeof port, "%u", e->config->listen[i].port);

        other = u;
        other.port = rd_arena_copy(&v->arena, rd_slice_make(port, (size_t)n));
        if (e->config->listen[i].port != 0)
            base_add(v, other, 2);
    }
}

/* What the request itself says: Host, X-Forwarded-*. */
static void
base_asked(struct rd_explain_variants *v, const struct rd_explain *e, bool forwarded)
{
    struct rd_public_url u;
    const struct rd_config *c = e->config;

    if (!rd_forwarded_url(e->request, forwarded, &u))
        return;
    base_add(v, u, 1)->forwarded = forwarded;
    base_add(v, base_other_scheme(u), forwarded ? 2 : 1);
    for (size_t i = 0; i < c->n_public_urls; i++) {
        u.prefix = c->public_urls[i].prefix;
        base_add(v, u, 2);
        base_add(v, base_other_scheme(u), 2);
    }
    u.prefix = RD_LIT("");
    base_add(v, u, 2);
}

static void
bases_make(struct rd_explain_variants *v, const struct rd_explain *e)
{
    const struct rd_config *c = e->config;
    struct rd_public_url asked = { .scheme = RD_LIT("https") };
    bool trusted = rd_network_has(c->proxies, c->n_proxies, e->request->peer);

    rd_forwarded_url(e->request, false, &asked);
    for (size_t i = 0; i < c->n_public_urls; i++)
        base_add(v, c->public_urls[i], 0);
    if (c->n_public_urls == 0) {
        struct rd_public_url local;

        if (rd_forwarded_url(e->request, trusted, &local))
            base_add(v, local, 0);
        base_asked(v, e, true);
    }
    for (size_t i = 0; i < c->n_public_urls; i++)
        base_near(v, e, c->public_urls[i], &asked);
    base_asked(v, e, false);
    base_asked(v, e, true);
}

/* ---- path and query ----------------------------------------------------------------- */

static void
target_add(struct rd_explain_variants *v, struct rd_slice text, unsigned cost, const char *note)
{
    for (size_t i = 0; i < v->n_targets; i++)
        if (rd_slice_eq(v->targets[i].text, text))
            return;
    if (v->n_targets < RD_EXPLAIN_TARGETS && text.p != NULL)
        v->targets[v->n_targets++] = (struct rd_explain_target){ text, cost, note };
}

/* Path and "?query" joined. */
static void
target_add_two(struct rd_explain_variants *v, struct rd_slice path, struct rd_slice query,
               const char *note)
{
    target_add(v, base_join(v, path, query), 1, note);
}

static void
target_put_encoded(struct rd_buf *b, struct rd_slice raw, struct rd_arena *a)
{
    static const char safe[] = "-_.~!*'()";    /* what JavaScript's encodeURIComponent leaves */
    char *plain = rd_arena_alloc(a, raw.n + 1);
    size_t n = plain ? rd_percent_decode(raw, plain) : 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)plain[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
            || (c != 0 && strchr(safe, c) != NULL))
            rd_buf_put_char(b, plain[i]);
        else
            rd_buf_printf(b, "%%%02X", c);
    }
}

/* Each name and value decoded, and encoded again unless decoded is what is wanted. */
static struct rd_slice
target_recode(struct rd_explain_variants *v, struct rd_slice query, bool encode)
{
    struct rd_slice rest = rd_slice_skip(query, 1), result;
    struct rd_buf b;

    rd_buf_init(&b, 65536);
    for (size_t i = 0; i < query.n && query.p[i] == '?'; i = query.n)
        rd_buf_put_char(&b, '?');
    while (rest.n > 0) {
        size_t n = 0;

        while (n < rest.n && rest.p[n] != '&' && rest.p[n] != '=')
            n++;
        if (encode) {
            target_put_encoded(&b, rd_slice_make(rest.p, n), &v->arena);
        } else if (rd_buf_reserve(&b, n) != NULL) {
            b.n += rd_percent_decode(rd_slice_make(rest.p, n), b.p + b.n);
        }
        if (n < rest.n)
            rd_buf_put_char(&b, rest.p[n]);
        rest = rd_slice_skip(rest, n + 1);
    }
    result = rd_arena_copy(&v->arena, rd_buf_slice(&b));
    rd_buf_free(&b);
    return result;
}

/* A proxy that rewrites paths often says what it was asked for. */
static void
target_original(struct rd_explain_variants *v, const struct rd_explain *e)
{
    static const struct { struct rd_slice header; const char *note; } rows[] = {
        { RD_LIT("x-original-uri"), "as X-Original-URI has it" },
        { RD_LIT("x-forwarded-uri"), "as X-Forwarded-Uri has it" },
        { RD_LIT("x-original-url"), "as X-Original-URL has it" },
        { RD_LIT("x-rewrite-url"), "as X-Rewrite-URL has it" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rd_slice value = rd_http_header_get(e->request, rows[i].header, NULL);

        if (value.n > 0 && value.p[0] == '/')
            target_add(v, value, 1, rows[i].note);
    }
}

static void
targets_make(struct rd_explain_variants *v, const struct rd_explain *e)
{
    struct rd_slice path = e->at_prompt ? e->request->path    /* as it was given, even empty */
                                        : rd_route_path(e->config, e->request->path);
    struct rd_slice target = e->request->target;
    struct rd_slice query = rd_slice_skip(target, rd_slice_find(target, '?')), more;
    bool slash = path.n > 0 && path.p[path.n - 1] == '/';

    target_add(v, base_join(v, path, query), 0, "");
    target_original(v, e);
    if (slash)
        target_add_two(v, rd_slice_make(path.p, path.n - 1), query, "without the slash at its end");
    else
        target_add_two(v, base_join(v, path, RD_LIT("/")), query, "with a slash at its end");
    more = rd_slice_skip(path, 1);
    more = rd_slice_skip(more, rd_slice_find(more, '/'));
    if (more.n > 1)
        target_add_two(v, more, query, "without the first part of its path");
    target_add_two(v, base_join(v, RD_LIT("/"), path), query, "with two slashes before its path");
    if (query.n == 0)
        return;
    target_add_two(v, path, target_recode(v, query, true), "with its query encoded again");
    target_add_two(v, path, target_recode(v, query, false), "with its query decoded");
    target_add(v, path, 1, "without its query");
    if (query.n == 1)
        return;
    target_add_two(v, path, base_lower(v, query), "with its query in lower case");
}

/* ---- tokens ------------------------------------------------------------------------------ */

static void
tokens_make(struct rd_explain_variants *v, const struct rd_explain *e)
{
    const struct rd_config *c = e->config;
    const struct rd_account *own = rd_account_find(c, e->account);

    for (unsigned cost = 0; cost < 2; cost++)
        for (size_t i = 0; i < c->n_accounts; i++)
            for (size_t t = 0; t < c->accounts[i].n_tokens; t++)
                if ((own == &c->accounts[i]) == (cost == 0) && v->n_tokens < RD_EXPLAIN_TOKENS)
                    v->tokens[v->n_tokens++] = (struct rd_explain_token){
                        &c->accounts[i].keys[t], c->accounts[i].sid, cost };
}

void
rd_explain_variants_make(struct rd_explain_variants *v, const struct rd_explain *e)
{
    *v = (struct rd_explain_variants){ .n_bases = 0 };
    rd_arena_init(&v->arena, VARIANTS_ARENA + 16 * e->request->body.n);
    bases_make(v, e);
    targets_make(v, e);
    rd_explain_forms_make(v, e->request);
    tokens_make(v, e);
}

void
rd_explain_variants_free(struct rd_explain_variants *v)
{
    rd_arena_free(&v->arena);
}
