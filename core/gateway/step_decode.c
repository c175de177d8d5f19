/*
 * step_decode.c - DECODE: body -> parameters -> typed fields. One multimap feeds
 * both the signature and the script; its bytes live in the message's arena.
 */
#include "base/clock.h"
#include "base/error.h"
#include "gateway/exchange.h"
#include "http/form.h"
#include "twilio/fields.h"
#include "twilio/signature.h"

/* Decoded bytes are at most three times the body (U+FFFD for a byte); then tables and fields. */
#define DECODE_ARENA(body) ((body) * 4 + (size_t)256 * 1024)

enum rd_next rd_step_decode(struct rd_exchange *x);

static int
decode_message(struct rd_exchange *x, struct rd_message *m)
{
    int error = rd_form_decode(x->request.body, x->config->max_params, &m->arena, &m->params);

    if (error == 0)
        error = rd_fields_read(m);
    m->received_at = rd_clock_wall();
    m->start_ns = x->request.start_ns;
    return error;
}

enum rd_next
rd_step_decode(struct rd_exchange *x)
{
    struct rd_slice type = rd_http_header_get(&x->request, RD_LIT("content-type"), NULL);

    if (rd_signature_mode(x->request.method, type) != RD_SIGNED_FORM)
        return rd_exchange_refuse(x, 415, RD_OUTCOME_refused);
    x->message = rd_message_new(DECODE_ARENA(x->request.body.n));
    if (decode_message(x, x->message) != 0)
        return rd_exchange_refuse(x, 413, RD_OUTCOME_refused);
    return RD_MORE;
}
