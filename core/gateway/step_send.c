/* step_send.c - SEND: the decided bytes go to the connection, if it is still there. */
#include "base/fault.h"
#include "gateway/exchange.h"
#include "twilio/twiml.h"

enum rd_next rd_step_send(struct rd_exchange *x);

/* A refusal says no more than its status: nothing for a scanner to learn. */
static struct rd_slice
send_text(int status)
{
    switch (status) {
    case 403: return RD_LIT("Forbidden\n");
    case 404: return RD_LIT("Not found\n");
    case 405: return RD_LIT("Method not allowed\n");
    case 413: return RD_LIT("Too large\n");
    case 415: return RD_LIT("Unsupported media type\n");
    case 500: return RD_LIT("Internal server error\n");
    case 503: return RD_LIT("Service unavailable\n");
    default: return RD_LIT("");
    }
}

static void
send_response(struct rd_exchange *x)
{
    static const struct rd_http_header allow = { RD_LIT("Allow"), RD_LIT("POST") };
    const struct rd_answer *a = x->verdict.answer;
    struct rd_http_response r = { .status = x->verdict.status };

    if (a != NULL && a->bytes.n > 0)
        r.type = RD_LIT(RD_TWIML_CONTENT_TYPE);
    else if (a == NULL)
        r.type = RD_LIT("text/plain; charset=utf-8");
    r.body = a ? a->bytes : send_text(r.status);
    r.close = r.status == 413 || r.status == 415;    /* as at every limit of the HTTP layer */
    if (r.status == 405) {
        r.headers = &allow;
        r.n_headers = 1;
    }
    rd_http_respond(x->stream, &r);
}

enum rd_next
rd_step_send(struct rd_exchange *x)
{
    (void)rd_fault(RD_FAULT_front_send);
    if (x->stream != NULL)
        send_response(x);
    return RD_MORE;
}
