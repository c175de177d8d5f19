/*
 * step_decode.c - DECODE: body or query -> parameters -> typed fields. One multimap feeds
 * both the signature and the script; its bytes live in the message's arena.
 */
#include "base/clock.h"
#include "base/error.h"
#include "gateway/exchange.h"
#include "http/form.h"
#include "http/json_body.h"
#include "twilio/fields.h"
#include "twilio/signature.h"

/* Decoded bytes are at most three times the body (U+FFFD for a byte); then tables and fields. */
#define DECODE_ARENA(body) ((body) * 4 + (size_t)256 * 1024)

#define DECODE_WORD 32    /* room for what fields.c copies: the first word, folded */

enum rd_next rd_step_decode(struct rd_exchange *x);

/* Where the parameters are. */
static struct rd_slice
decode_form(const struct rd_exchange *x, enum rd_signature_mode mode)
{
    return mode == RD_SIGNED_URL ? x->request.query : x->request.body;
}

/* What the signature does not cover is not read: the body of a GET, the query of a POST. */
static int
decode_params(struct rd_exchange *x, enum rd_signature_mode mode, struct rd_message *m)
{
    size_t max = x->config->max_params;

    if (mode == RD_SIGNED_BODY)
        return rd_json_body_decode(x->request.body, max, &m->arena, &m->params);
    return rd_form_decode(decode_form(x, mode), max, &m->arena, &m->params);
}

static int
decode_message(struct rd_exchange *x, enum rd_signature_mode mode, struct rd_message *m)
{
    int error = decode_params(x, mode, m);

    if (error == 0)
        error = rd_fields_read(m);
    m->received_at = rd_clock_wall();
    m->start_ns = x->request.start_ns;
    return error;
}

enum rd_next
rd_step_decode(struct rd_exchange *x)
{
    const struct rd_http_request *r = &x->request;
    struct rd_slice type = rd_http_header_get(r, RD_LIT("content-type"), NULL);
    enum rd_signature_mode mode = rd_signature_mode(r->method, type);

    if (mode == RD_SIGNED_BODY && !rd_json_body_is(type))
        return rd_exchange_refuse(x, 415, RD_OUTCOME_refused);
    x->message = rd_message_new(DECODE_ARENA(r->body.n + r->query.n),
                                rd_form_room(decode_form(x, mode)) + DECODE_WORD);
    if (decode_message(x, mode, x->message) != 0)
        return rd_exchange_refuse(x, 413, RD_OUTCOME_refused);
    return RD_MORE;
}
