/*
 * explain_forms.c - see explain_variants.h: what else may have been signed, when the
 * form was changed on its way or is no form. Pure; called by explain_variants.c.
 */
#include "base/error.h"
#include "gateway/explain_variants.h"
#include "http/form.h"

#define FORMS_PARAMS 2000    /* more are not looked at */

static void
form_add(struct rd_explain_variants *v, enum rd_signature_mode mode, struct rd_params params,
         unsigned cost, const char *clause)
{
    if (v->n_forms < RD_EXPLAIN_FORMS)
        v->forms[v->n_forms++] = (struct rd_explain_form){ mode, params, cost, clause };
}

/* What becomes of one parameter; false: it is left out. */
typedef bool form_change_fn(struct rd_arena *a, const struct rd_params *all, size_t i,
                            struct rd_param *p);

static bool
form_trim(struct rd_arena *a, const struct rd_params *all, size_t i, struct rd_param *p)
{
    (void)a;
    (void)all;
    (void)i;
    p->value = rd_slice_trim(p->value);
    return true;
}

static bool
form_drop_empty(struct rd_arena *a, const struct rd_params *all, size_t i, struct rd_param *p)
{
    (void)a;
    (void)all;
    (void)i;
    return p->value.n > 0;
}

static bool
form_first(struct rd_arena *a, const struct rd_params *all, size_t i, struct rd_param *p)
{
    (void)a;
    while (i > 0)
        if (rd_slice_eq(all->at[--i].name, p->name))
            return false;
    return true;
}

static bool
form_last(struct rd_arena *a, const struct rd_params *all, size_t i, struct rd_param *p)
{
    (void)a;
    while (++i < all->n)
        if (rd_slice_eq(all->at[i].name, p->name))
            return false;
    return true;
}

/* Line ends: CR LF to LF. */
static bool
form_lf(struct rd_arena *a, const struct rd_params *all, size_t i, struct rd_param *p)
{
    char *to = rd_arena_alloc(a, p->value.n + 1);
    size_t n = 0;

    (void)all;
    (void)i;
    for (size_t at = 0; to != NULL && at < p->value.n; at++)
        if (p->value.p[at] != '\r' || at + 1 == p->value.n || p->value.p[at + 1] != '\n')
            to[n++] = p->value.p[at];
    p->value = rd_slice_make(to, n);
    return to != NULL;
}

/* The reverse. */
static bool
form_crlf(struct rd_arena *a, const struct rd_params *all, size_t i, struct rd_param *p)
{
    char *to = rd_arena_alloc(a, 2 * p->value.n + 1);
    size_t n = 0;

    (void)all;
    (void)i;
    for (size_t at = 0; to != NULL && at < p->value.n; at++) {
        if (p->value.p[at] == '\n' && (at == 0 || p->value.p[at - 1] != '\r'))
            to[n++] = '\r';
        to[n++] = p->value.p[at];
    }
    p->value = rd_slice_make(to, n);
    return to != NULL;
}

/* Adds the form with each parameter changed, unless that changes none. */
static void
form_add_changed(struct rd_explain_variants *v, form_change_fn *change, const char *clause)
{
    const struct rd_params *all = &v->forms[0].params;
    struct rd_params params = { .at = rd_arena_alloc(&v->arena, (all->n + 1) * sizeof *all->at) };
    bool same = true;

    for (size_t i = 0; params.at != NULL && i < all->n; i++) {
        struct rd_param p = all->at[i];

        if (!change(&v->arena, all, i, &p)) {
            same = false;
            continue;
        }
        same = same && rd_slice_eq(p.value, all->at[i].value);
        params.at[params.n++] = p;
    }
    if (!same && params.at != NULL)
        form_add(v, RD_SIGNED_FORM, params, 1, clause);
}

/* Names and values as they came, not decoded. */
static struct rd_params
form_raw(struct rd_explain_variants *v, struct rd_slice body)
{
    struct rd_params params = {
        .at = rd_arena_alloc(&v->arena, (v->forms[0].params.n + 1) * sizeof *params.at),
    };

    while (params.at != NULL && body.n > 0 && params.n < v->forms[0].params.n) {
        struct rd_slice pair = rd_slice_make(body.p, rd_slice_find(body, '&'));
        size_t equals = rd_slice_find(pair, '=');

        if (pair.n > 0)
            params.at[params.n++] = (struct rd_param){ rd_slice_make(pair.p, equals),
                                                       rd_slice_skip(pair, equals + 1) };
        body = rd_slice_skip(body, pair.n + 1);
    }
    return params;
}

static struct rd_params
form_decoded(struct rd_explain_variants *v, struct rd_slice text)
{
    struct rd_params params;

    if (rd_form_decode(text, FORMS_PARAMS, &v->arena, &params) != 0)
        params = (struct rd_params){ NULL, 0 };
    return params;
}

static void
forms_of_form(struct rd_explain_variants *v, const struct rd_http_request *r)
{
    form_add_changed(v, form_trim, "the values had no blanks around them");
    form_add_changed(v, form_drop_empty, "the empty parameters were left out");
    form_add_changed(v, form_first, "only the first of each repeated parameter counted");
    form_add_changed(v, form_last, "only the last of each repeated parameter counted");
    form_add_changed(v, form_lf, "the line ends were LF");
    form_add_changed(v, form_crlf, "the line ends were CR LF");
    form_add(v, RD_SIGNED_FORM, form_raw(v, r->body), 1,
             "the parameters were not decoded (something in front encodes them twice)");
    form_add(v, RD_SIGNED_URL, (struct rd_params){ NULL, 0 }, 1,
             "the URL alone were signed (as for GET and JSON)");
}

void
rd_explain_forms_make(struct rd_explain_variants *v, const struct rd_http_request *r)
{
    struct rd_slice type = rd_http_header_get(r, RD_LIT("content-type"), NULL);
    struct rd_params none = { NULL, 0 };

    switch (rd_signature_mode(r->method, type)) {
    case RD_SIGNED_FORM:
        form_add(v, RD_SIGNED_FORM, form_decoded(v, r->body), 0, "");
        forms_of_form(v, r);
        break;
    case RD_SIGNED_URL:
        form_add(v, RD_SIGNED_URL, none, 0, "");
        form_add(v, RD_SIGNED_FORM, form_decoded(v, r->query), 1,
                 "the query's parameters were signed as those of a form (method POST)");
        form_add(v, RD_SIGNED_FORM, form_decoded(v, r->body), 1,
                 "the method were POST (something in front makes a GET of it)");
        break;
    case RD_SIGNED_BODY:
        form_add(v, RD_SIGNED_BODY, none, 0, "");
        form_add(v, RD_SIGNED_URL, none, 1,
                 "the body were the one of bodySHA256 (something in front changes the body)");
        form_add(v, RD_SIGNED_FORM, form_decoded(v, r->body), 1,
                 "the Content-Type were application/x-www-form-urlencoded");
        break;
    }
}
