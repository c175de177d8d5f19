/*
 * step_verify.c - VERIFY: is it really Twilio? Every failure looks the same from
 * outside: 403, same body. The reason goes to the log and a counter only.
 */
#include "base/buf.h"
#include "base/log.h"
#include "base/metric.h"
#include "gateway/basic_auth.h"
#include "gateway/front.h"
#include "gateway/refusals.h"
#include "gateway/route.h"
#include "twilio/signature.h"

#define VERIFY_URLS ((size_t)RD_PUBLIC_URLS * RD_URL_CANDIDATES)
#define VERIFY_HEADERS 4     /* signature headers looked at; more than one is refused anyway */

enum rd_next rd_step_verify(struct rd_exchange *x);

/* No public URL configured (loopback only): what the client, or a trusted proxy, says it called. */
static size_t
verify_local_url(struct rd_exchange *x, struct rd_slice *urls)
{
    const struct rd_config *c = x->config;
    bool trusted = rd_network_has(c->proxies, c->n_proxies, x->request.peer);
    struct rd_public_url local;

    if (!rd_forwarded_url(&x->request, trusted, &local))
        return 0;
    return rd_public_url_candidates(&local, x->request.target, &x->front->urls, urls);
}

/* A path below the prefix of some counts for these only; else a proxy has taken a prefix off. */
static size_t
verify_urls(struct rd_exchange *x, struct rd_slice urls[VERIFY_URLS])
{
    const struct rd_config *c = x->config;
    bool below = rd_route_is_below(c, x->request.path);
    struct rd_slice rest;
    size_t n = 0;

    rd_buf_reset(&x->front->urls);
    if (c->n_public_urls == 0)
        return verify_local_url(x, urls);
    /* candidates are slices of one buffer: room for all of them first, so that it does not move */
    if (rd_buf_reserve(&x->front->urls, c->n_public_urls * RD_URL_CANDIDATES
                                            * (x->request.target.n + 512)) == NULL)
        return 0;
    for (size_t i = 0; i < c->n_public_urls && n + RD_URL_CANDIDATES <= VERIFY_URLS; i++)
        if (!below || rd_public_url_strip(&c->public_urls[i], x->request.path, &rest))
            n += rd_public_url_candidates(&c->public_urls[i], x->request.target,
                                          &x->front->urls, urls + n);
    return n;
}

static size_t
verify_headers(const struct rd_http_request *r, struct rd_slice headers[VERIFY_HEADERS])
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_headers && n < VERIFY_HEADERS; i++)
        if (rd_slice_eq_nocase(r->headers[i].name, RD_LIT("x-twilio-signature")))
            headers[n++] = r->headers[i].value;
    return n;
}

static enum rd_next
verify_refuse(struct rd_exchange *x, enum rd_signature_failure why)
{
    const struct rd_config *c = x->config;
    struct rd_log_line l;

    rd_metric_add(RD_METRIC_signature_failures_total, why, 1);
    if (rd_log_begin(&l, RD_LOG_WARN, "signature")) {
        rd_log_str(&l, "reason", rd_signature_failure_text(why));
        rd_log_slice(&l, "path", x->request.path);
        rd_log_slice(&l, "peer", rd_forwarded_peer(&x->request, c->proxies, c->n_proxies));
        rd_log_slice(&l, "sid", x->message->id);
        rd_log_slice(&l, "account", x->message->account);
        rd_log_end(&l);
    }
    rd_refusals_add(x->front->gateway->refusals, x, why);
    return rd_exchange_refuse(x, 403, RD_OUTCOME_refused);
}

enum rd_next
rd_step_verify(struct rd_exchange *x)
{
    struct rd_slice type = rd_http_header_get(&x->request, RD_LIT("content-type"), NULL);
    enum rd_signature_failure why = RD_SIGNATURE_no_token;
    struct rd_slice urls[VERIFY_URLS], headers[VERIFY_HEADERS];
    struct rd_signature_input in;

    if (!rd_basic_auth_passes(x->config, &x->request))
        return rd_exchange_refuse(x, 401, RD_OUTCOME_refused);
    x->account = rd_account_find(x->config, x->message->account);
    in = (struct rd_signature_input){
        .mode = rd_signature_mode(x->request.method, type),
        .headers = headers,
        .n_headers = verify_headers(&x->request, headers),
        .urls = urls,
        .n_urls = verify_urls(x, urls),
        .params = &x->message->params,
        .body = x->request.body,
        .tokens = x->account ? x->account->keys : NULL,
        .n_tokens = x->account ? x->account->n_tokens : 0,
    };
    x->token = rd_signature_check(&in, &why);
    if (x->token < 0)
        return verify_refuse(x, why);
    x->verified = true;
    rd_http_stream_verified(x->stream);
    return RD_MORE;
}
