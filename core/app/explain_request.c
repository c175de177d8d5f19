/* explain_request.c - see explain_request.h. Called by `explain`. */
#include "app/explain_request.h"

#include "base/error.h"
#include "gateway/explain.h"
#include "http/form.h"
#include "http/json_body.h"

#define REQUEST_HEADERS 100
#define REQUEST_ARENA ((size_t)16 << 20)
#define REQUEST_PARAMS 100000

struct request {
    struct rd_http_header headers[REQUEST_HEADERS];
    struct rd_http_request r;
};

bool
rd_explain_request_is(struct rd_slice text)
{
    struct rd_slice line = rd_slice_make(text.p, rd_slice_find(text, '\n'));
    size_t method = rd_slice_find(line, ' ');
    struct rd_slice rest = rd_slice_skip(line, method + 1);
    struct rd_slice version = rd_slice_skip(rest, rd_slice_find(rest, ' ') + 1);

    return method > 0 && rest.n > 0 && rest.p[0] == '/'
        && rd_slice_starts(version, RD_LIT("HTTP/1."));
}

/* A line without its end, taken off *rest. */
static struct rd_slice
request_line(struct rd_slice *rest)
{
    struct rd_slice line = rd_slice_make(rest->p, rd_slice_find(*rest, '\n'));

    *rest = rd_slice_skip(*rest, line.n + 1);
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool
request_parse(struct rd_slice text, struct request *q)
{
    struct rd_slice line = request_line(&text);
    size_t method = rd_slice_find(line, ' '), path;

    *q = (struct request){ .r = { .headers = q->headers, .peer = RD_LIT("the peer") } };
    q->r.method = rd_slice_make(line.p, method);
    line = rd_slice_skip(line, method + 1);
    q->r.target = rd_slice_make(line.p, rd_slice_find(line, ' '));
    path = rd_slice_find(q->r.target, '?');
    q->r.path = rd_slice_make(q->r.target.p, path);
    q->r.query = rd_slice_skip(q->r.target, path + 1);
    for (line = request_line(&text); line.n > 0; line = request_line(&text)) {
        size_t colon = rd_slice_find(line, ':');

        if (q->r.n_headers == REQUEST_HEADERS || text.n == 0)
            return false;
        q->headers[q->r.n_headers++] = (struct rd_http_header){
            rd_slice_make(line.p, colon), rd_slice_trim(rd_slice_skip(line, colon + 1)) };
    }
    q->r.body = text;
    return true;
}

/* Which account it names, by the parameters that its signature covers. */
static struct rd_slice
request_account(const struct request *q, struct rd_arena *a)
{
    struct rd_slice type = rd_http_header_get(&q->r, RD_LIT("content-type"), NULL);
    enum rd_signature_mode mode = rd_signature_mode(q->r.method, type);
    struct rd_params params;
    int error;

    if (mode == RD_SIGNED_BODY)
        error = rd_json_body_decode(q->r.body, REQUEST_PARAMS, a, &params);
    else
        error = rd_form_decode(mode == RD_SIGNED_URL ? q->r.query : q->r.body, REQUEST_PARAMS, a,
                               &params);
    return error == 0 ? rd_params_get(&params, RD_LIT("AccountSid")) : rd_slice_make(NULL, 0);
}

static enum rd_signature_failure
request_failure(const struct request *q, const struct rd_config *c, struct rd_slice account)
{
    size_t count;
    struct rd_slice header = rd_http_header_get(&q->r, RD_LIT("x-twilio-signature"), &count);

    if (count == 0)
        return RD_SIGNATURE_missing;
    if (count > 1)
        return RD_SIGNATURE_repeated;
    if (header.n != RD_SIGNATURE_TEXT)
        return RD_SIGNATURE_malformed;
    return rd_account_find(c, account) ? RD_SIGNATURE_mismatch : RD_SIGNATURE_no_token;
}

static void
request_add(yyjson_mut_doc *doc, yyjson_mut_val *o, const char *name, struct rd_slice s)
{
    yyjson_mut_obj_add_strncpy(doc, o, name, s.p ? s.p : "", s.n);
}

yyjson_mut_val *
rd_explain_request(yyjson_mut_doc *doc, const struct rd_config *c, struct rd_slice text)
{
    yyjson_mut_val *o = NULL;
    struct rd_explain e = { .config = c };
    struct rd_buf why;
    struct rd_arena a;
    struct request q;

    rd_buf_init(&why, 1 << 20);
    rd_arena_init(&a, REQUEST_ARENA);
    if (request_parse(text, &q)) {
        o = yyjson_mut_obj(doc);
        e.request = &q.r;
        e.account = request_account(&q, &a);
        e.why = request_failure(&q, c, e.account);
        rd_explain(&e, &why);
        request_add(doc, o, "method", q.r.method);
        request_add(doc, o, "path", q.r.path);
        request_add(doc, o, "account", e.account);
        request_add(doc, o, "reason", rd_slice_str(rd_signature_failure_text(e.why)));
        request_add(doc, o, "why", rd_buf_slice(&why));
        yyjson_mut_obj_add_uint(doc, o, "tried", e.tried);
    }
    rd_arena_free(&a);
    rd_buf_free(&why);
    return o;
}
