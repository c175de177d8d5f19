/* step_send.c - SEND: the decided bytes go to the connection, if it is still there. */
#include "base/fault.h"
#include "gateway/basic_auth.h"
#include "gateway/exchange.h"
#include "twilio/twiml.h"

enum rd_next rd_step_send(struct rd_exchange *x);

/* A refusal says no more than its status: nothing for a scanner to learn. */
static struct rd_slice
send_text(int status)
{
    switch (status) {
    case 401: return RD_LIT("Unauthorized\n");
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

/* The header that a status needs, or that the answer to a GET needs (a POST is never cached). */
static const struct rd_http_header *
send_header(const struct rd_exchange *x, int status)
{
    static const struct rd_http_header allow = { RD_LIT("Allow"), RD_LIT("GET, POST") };
    static const struct rd_http_header realm = { RD_LIT("WWW-Authenticate"),
                                                 RD_LIT(RD_BASIC_AUTH_REALM) };
    static const struct rd_http_header fresh = { RD_LIT("Cache-Control"), RD_LIT("no-store") };

    if (status == 405)
        return &allow;
    if (status == 401)
        return &realm;
    return rd_slice_eq(x->request.method, RD_LIT("GET")) ? &fresh : NULL;
}

static void
send_response(struct rd_exchange *x)
{
    const struct rd_answer *a = x->verdict.answer;
    struct rd_http_response r = { .status = x->verdict.status };

    if (a != NULL && a->bytes.n > 0)
        r.type = RD_LIT(RD_TWIML_CONTENT_TYPE);
    else if (a == NULL)
        r.type = RD_LIT("text/plain; charset=utf-8");
    r.body = a ? a->bytes : send_text(r.status);
    r.close = r.status == 413 || r.status == 415;    /* as at every limit of the HTTP layer */
    r.headers = send_header(x, r.status);
    r.n_headers = r.headers != NULL;
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
