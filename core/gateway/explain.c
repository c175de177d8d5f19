/*
 * explain.c - see explain.h: the search, likeliest mistakes first, and the sentence.
 * Pure; called by refusals.c (log, admin listener) and app (`verify`, `explain`).
 */
#include "gateway/explain.h"

#include <stdlib.h>

#include "base/mem.h"
#include "gateway/explain_variants.h"

#define EXPLAIN_COST 3          /* mistakes at a time */
#define EXPLAIN_HEADER 64       /* longest signature that is looked at for repair */

struct explain_search {
    struct rd_explain *e;
    struct rd_explain_variants *v;
    struct rd_slice header;     /* the signature */
    struct rd_buf url;          /* scratch */
    size_t bytes;               /* hashed so far */
    const struct rd_explain_base *base;    /* what matched */
    const struct rd_explain_target *target;
    const struct rd_explain_form *form;
    const struct rd_explain_token *token;
};

/* ---- one try ----------------------------------------------------------------------- */

static void
explain_put_base(struct rd_buf *b, const struct rd_public_url *u, struct rd_slice port)
{
    rd_buf_printf(b, "%.*s://%.*s%s%.*s%.*s", RD_PRI(u->scheme), RD_PRI(u->host),
                  port.n ? ":" : "", RD_PRI(port), RD_PRI(u->prefix));
}

/* A target that has the prefix already gets no second one. */
static struct rd_slice
explain_below(const struct rd_public_url *u, struct rd_slice target)
{
    size_t path = rd_slice_find(target, '?');
    struct rd_slice rest;

    if (u->prefix.n > 0 && rd_public_url_strip(u, rd_slice_make(target.p, path), &rest))
        return rd_slice_skip(target, u->prefix.n);
    return target;
}

/* Both forms of the port, as VERIFY tries them. */
static size_t
explain_urls(struct explain_search *s, struct rd_slice urls[2])
{
    const struct rd_public_url *u = &s->base->url;
    struct rd_slice usual =
        rd_slice_eq_nocase(u->scheme, RD_LIT("https")) ? RD_LIT("443") : RD_LIT("80");
    struct rd_slice target = explain_below(u, s->target->text);
    size_t first;

    rd_buf_reset(&s->url);
    explain_put_base(&s->url, u, u->port);
    rd_buf_put_slice(&s->url, target);
    first = s->url.n;
    explain_put_base(&s->url, u, u->port.n ? RD_LIT("") : usual);
    rd_buf_put_slice(&s->url, target);
    if (s->url.error != 0)
        return 0;
    urls[0] = rd_slice_make(s->url.p, first);
    urls[1] = rd_slice_make(s->url.p + first, s->url.n - first);
    return 2;
}

static bool
explain_try(struct explain_search *s)
{
    struct rd_slice urls[2];
    enum rd_signature_failure why;
    struct rd_signature_input in = {
        .mode = s->form->mode, .headers = &s->header, .n_headers = 1, .urls = urls,
        .n_urls = explain_urls(s, urls), .params = &s->form->params,
        .body = s->e->request->body, .tokens = s->token->key, .n_tokens = 1,
    };

    s->e->tried += 2;
    s->bytes += s->url.n;
    if (s->form->mode != RD_SIGNED_URL)
        s->bytes += 2 * s->e->request->body.n;
    return rd_signature_check(&in, &why) >= 0;
}

/* ---- the search ------------------------------------------------------------------------ */

static bool
explain_tokens(struct explain_search *s, unsigned cost)
{
    for (size_t i = 0; i < s->v->n_tokens; i++) {
        s->token = &s->v->tokens[i];
        if (s->token->cost == cost && s->bytes < RD_EXPLAIN_BYTES && explain_try(s))
            return true;
    }
    return false;
}

static bool
explain_forms(struct explain_search *s, unsigned cost)
{
    for (size_t i = 0; i < s->v->n_forms; i++) {
        s->form = &s->v->forms[i];
        if (s->form->cost <= cost && explain_tokens(s, cost - s->form->cost))
            return true;
    }
    return false;
}

static bool
explain_targets(struct explain_search *s, unsigned cost)
{
    for (size_t i = 0; i < s->v->n_targets; i++) {
        s->target = &s->v->targets[i];
        if (s->target->cost <= cost && explain_forms(s, cost - s->target->cost))
            return true;
    }
    return false;
}

/* Everything that is exactly so unlikely. */
static bool
explain_bases(struct explain_search *s, unsigned cost)
{
    for (size_t i = 0; i < s->v->n_bases; i++) {
        s->base = &s->v->bases[i];
        if (s->base->cost <= cost && explain_targets(s, cost - s->base->cost))
            return true;
    }
    return false;
}

static bool
explain_search(struct explain_search *s)
{
    for (unsigned cost = 0; cost <= EXPLAIN_COST; cost++)
        if (explain_bases(s, cost))
            return true;
    return false;
}

/* ---- the sentence ------------------------------------------------------------------------ */

static void
explain_and(struct rd_buf *out, unsigned *clauses)
{
    rd_buf_put_str(out, (*clauses)++ > 0 ? " and " : "");
}

/* The setting that is wrong, or the whole URL when no setting is. */
static void
explain_put_url(const struct explain_search *s, struct rd_buf *out)
{
    const struct rd_explain_base *b = s->base;
    const struct rd_explain *e = s->e;
    bool setting = s->target->cost == 0 && !b->is_no_setting && !e->at_prompt;

    if (setting && b->forwarded && e->config->n_public_urls == 0)
        rd_buf_printf(out, "trusted_proxies had %.*s, or ", RD_PRI(e->request->peer));
    rd_buf_put_str(out, setting ? "public_url were " : "the URL were ");
    explain_put_base(out, &b->url, b->url.port);
    if (setting)
        return;
    rd_buf_put_slice(out, explain_below(&b->url, s->target->text));
    if (s->target->cost > 0)
        rd_buf_printf(out, " (%s)", s->target->note);
}

static void
explain_put_token(const struct explain_search *s, struct rd_buf *out)
{
    const struct rd_explain *e = s->e;
    struct rd_slice sid = s->token->sid.n ? s->token->sid : RD_LIT("auth_token");

    if (e->at_prompt)
        rd_buf_put_str(out, "the token had no blanks or line end around it");
    else if (e->account.n == 0)
        rd_buf_printf(out, "AccountSid were %.*s, whose token it is", RD_PRI(sid));
    else
        rd_buf_printf(out, "account %.*s had the token of %.*s", RD_PRI(e->account), RD_PRI(sid));
}

static void
explain_put_found(const struct explain_search *s, struct rd_buf *out)
{
    unsigned clauses = 0;

    rd_buf_put_str(out, "it matches if ");
    if (s->base->cost + s->target->cost > 0) {
        explain_and(out, &clauses);
        explain_put_url(s, out);
    }
    if (s->token->cost > 0) {
        explain_and(out, &clauses);
        explain_put_token(s, out);
    }
    if (s->form->cost > 0) {
        explain_and(out, &clauses);
        rd_buf_put_str(out, s->form->clause);
    }
    if (s->e->why == RD_SIGNATURE_malformed) {
        explain_and(out, &clauses);
        rd_buf_printf(out, "the header were the 28 characters alone, not %zu",
                      rd_http_header_get(s->e->request, RD_LIT("x-twilio-signature"), NULL).n);
    }
    if (s->e->why == RD_SIGNATURE_repeated) {
        explain_and(out, &clauses);
        rd_buf_put_str(out, "it came in one X-Twilio-Signature header only");
    }
    if (clauses == 0)
        rd_buf_put_str(out, "nothing is changed: this configuration accepts it");
}

static void
explain_put_unknown(const struct explain_search *s, struct rd_buf *out)
{
    const struct rd_explain *e = s->e;

    switch (e->why) {
    case RD_SIGNATURE_missing:
        rd_buf_put_str(out, "no X-Twilio-Signature came: the caller is not Twilio, or something in"
                            " front takes the header away");
        return;
    case RD_SIGNATURE_repeated:
        rd_buf_put_str(out, "several X-Twilio-Signature headers came, and none of them matches");
        return;
    case RD_SIGNATURE_malformed:
        rd_buf_put_str(out, "X-Twilio-Signature is not 28 characters of base64: the caller is not"
                            " Twilio, or something in front changes the header");
        return;
    case RD_SIGNATURE_no_token:
        rd_buf_printf(out, "no token is configured for account %.*s, and none of the others"
                      " matches", RD_PRI(e->account));
        return;
    default:
        rd_buf_printf(out, "none of %u variants of URL, token and parameters matches: most likely"
                      " the token is not the primary auth token of account %.*s", e->tried,
                      RD_PRI(e->account.n ? e->account : RD_LIT("(none named)")));
    }
}

/* ---- headers that are no signature -------------------------------------------------------- */

/* Quotes and blanks off, the other alphabet of base64 back, padding on. */
static struct rd_slice
explain_repair(struct rd_slice header, char room[EXPLAIN_HEADER])
{
    size_t n = 0;

    for (size_t i = 0; i < header.n && n + 1 < EXPLAIN_HEADER && header.p[i] != ','; i++) {
        char c = header.p[i];

        if (c != '"' && c != '\'' && c != ' ' && c != '\t' && c != '=')
            room[n++] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
    }
    room[n++] = '=';
    return rd_slice_make(room, n);
}

void
rd_explain(struct rd_explain *e, struct rd_buf *out)
{
    struct rd_explain_variants *v = rd_malloc(sizeof *v);
    struct explain_search s = { .e = e, .v = v };
    char room[EXPLAIN_HEADER];

    e->tried = 0;
    rd_buf_init(&s.url, 64 * 1024);
    rd_explain_variants_make(v, e);
    s.header = rd_http_header_get(e->request, RD_LIT("x-twilio-signature"), NULL);
    if (e->why == RD_SIGNATURE_malformed)
        s.header = explain_repair(s.header, room);
    e->found = s.header.n == RD_SIGNATURE_TEXT && explain_search(&s);
    if (e->found)
        explain_put_found(&s, out);
    else
        explain_put_unknown(&s, out);
    rd_explain_variants_free(v);
    rd_buf_free(&s.url);
    free(v);
}
