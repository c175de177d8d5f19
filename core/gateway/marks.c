/* marks.c - see marks.h. On front threads before a message is shared; apply on script threads. */
#include "gateway/marks.h"

#include "base/buf.h"
#include "base/error.h"
#include "gateway/route.h"
#include "http/form.h"

#define MARKS_TAG "tag"
#define MARKS_QUERY 100    /* parameters of the callback's query that are looked at */

/* ---- reading --------------------------------------------------------------------- */

static void
marks_put_base(struct rd_buf *out, const struct rd_public_url *u)
{
    rd_buf_put_slice(out, u->scheme);
    rd_buf_put_str(out, "://");
    rd_buf_put_slice(out, u->host);
    if (u->port.n > 0)
        rd_buf_put_char(out, ':');
    rd_buf_put_slice(out, u->port);
    rd_buf_put_slice(out, u->prefix);
}

/*
 * The URL that Twilio called, without its query: the public URL that has the path, the first one
 * when a proxy has taken its prefix off; without any what the client or a trusted proxy says.
 */
static void
marks_put_url(struct rd_buf *out, const struct rd_exchange *x)
{
    const struct rd_config *c = x->config;
    struct rd_public_url asked;
    struct rd_slice rest;
    size_t i = 0;

    while (i < c->n_public_urls && !rd_public_url_strip(&c->public_urls[i], x->request.path, &rest))
        i++;
    if (c->n_public_urls > 0)
        marks_put_base(out, &c->public_urls[i < c->n_public_urls ? i : 0]);
    else if (rd_forwarded_url(&x->request,
                              rd_network_has(c->proxies, c->n_proxies, x->request.peer), &asked))
        marks_put_base(out, &asked);
    rd_buf_put_slice(out, x->path);
}

static int
marks_callback(struct rd_exchange *x)
{
    struct rd_message *m = x->message;
    struct rd_buf url;
    int error = 0;

    if (x->config->status_callback.p == NULL &&
        !rd_script_has(x->generation, x->route->script, RD_HANDLER_STATUS))
        return 0;
    rd_buf_init(&url, RD_MARKS_CALLBACK);
    if (x->config->status_callback.p != NULL)
        rd_buf_put_slice(&url, x->config->status_callback);    /* a message outlives it */
    else
        marks_put_url(&url, x);
    if (url.error == 0) {    /* a longer one would make Twilio refuse the reply */
        m->callback = rd_arena_copy(&m->arena, rd_buf_slice(&url));
        error = m->callback.p == NULL ? RD_E_NOMEM : 0;
    }
    rd_buf_free(&url);
    return error;
}

static int
marks_tag(struct rd_exchange *x)
{
    struct rd_message *m = x->message;
    struct rd_params params;
    int error;

    if (x->request.query.n == 0)
        return 0;
    error = rd_form_decode(x->request.query, MARKS_QUERY, &m->arena, &params);
    if (error == 0)
        m->tag = rd_params_get(&params, RD_LIT(MARKS_TAG));
    return error == RD_E_NOMEM ? error : 0;
}

int
rd_marks_read(struct rd_exchange *x)
{
    const struct rd_opt_out_words *words = x->route->opt_out_words;

    if (words == NULL)
        words = x->config->opt_out_words;
    rd_opt_out_read(x->message, words ? words : &rd_opt_out_standard);
    return x->message->kind == RD_KIND_STATUS ? marks_tag(x) : marks_callback(x);
}

/* ---- applying --------------------------------------------------------------------- */

/* The callback with the tag in its query, as far as Twilio takes URLs of that length. */
static struct rd_slice
marks_with_tag(struct rd_arena *a, struct rd_slice callback, struct rd_slice tag)
{
    struct rd_param pair = { RD_LIT(MARKS_TAG), tag };
    struct rd_params params = { &pair, 1 };
    struct rd_slice url = callback;
    struct rd_buf out;

    rd_buf_init(&out, RD_MARKS_CALLBACK);
    rd_buf_put_slice(&out, callback);
    rd_buf_put_char(&out, '?');
    rd_form_encode(&params, &out);
    if (out.error == 0)
        url = rd_arena_copy(a, rd_buf_slice(&out));
    rd_buf_free(&out);
    return url;
}

int
rd_marks_apply(const struct rd_message *m, struct rd_reply *r)
{
    bool own = m->callback.n > 0 && rd_slice_find(m->callback, '?') == m->callback.n;

    if (m->callback.n == 0 || r == NULL)
        return 0;
    for (size_t i = 0; i < r->n; i++) {
        struct rd_reply_message *to = &r->messages[i];

        if (to->status_callback.p != NULL)
            continue;
        to->status_callback = own && to->tag.n > 0
            ? marks_with_tag(&r->arena, m->callback, to->tag)
            : rd_arena_copy(&r->arena, m->callback);
        if (to->status_callback.p == NULL)
            return RD_E_TOO_BIG;
    }
    return 0;
}
