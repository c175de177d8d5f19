/*
 * parser.c - see parser.h.
 *
 * llhttp reads the head and the framing of chunks; a body of known length is
 * simply the next bytes. Called by stream.c. Owns nothing: bytes and slices are
 * in the rd_input.
 */
#include "http/parser.h"

#include <string.h>

#include "base/check.h"

#define PARSER_VERSION 9    /* " HTTP/1.1" */
#define PARSER_ROOM 1024    /* bytes that a read should have at least */

static struct rd_parser *
parser_of(llhttp_t *ll)
{
    return ll->data;
}

static int
parser_refuse(struct rd_parser *p, int status)
{
    p->status = status;
    return HPE_USER;
}

/* Pieces of one span follow each other in memory. */
static void
parser_extend(struct rd_slice *s, const char *at, size_t n)
{
    if (s->p == NULL)
        s->p = at;
    s->n += n;
}

static int
parser_on_protocol(llhttp_t *ll, const char *at, size_t n)
{
    /* llhttp knows RTSP and ICE too */
    return n > 0 && (at[0] == 'R' || at[0] == 'I') ? parser_refuse(parser_of(ll), 400) : 0;
}

static int
parser_on_url(llhttp_t *ll, const char *at, size_t n)
{
    struct rd_parser *p = parser_of(ll);
    size_t method = strlen(llhttp_method_name((llhttp_method_t)ll->method));

    parser_extend(&p->in->target, at, n);
    if (method + 1 + p->in->target.n + PARSER_VERSION > p->limits->max_line)
        return parser_refuse(p, 414);
    return 0;
}

static int
parser_on_version(llhttp_t *ll)
{
    if (ll->http_major != 1 || ll->http_minor > 1)
        return parser_refuse(parser_of(ll), 505);
    return 0;
}

/* Trailers are counted and dropped: they may never pass for headers (RFC 9110 6.5.1). */
static int
parser_on_trailer(struct rd_parser *p)
{
    p->trailers++;
    return p->trailers + p->in->n_headers > p->limits->max_headers ? parser_refuse(p, 431) : 0;
}

/* A line of the head reaches up to `end`; its bytes lie one after the other. */
static int
parser_check_line(struct rd_parser *p, const struct rd_http_header *h, const char *end)
{
    return (size_t)(end - h->name.p) > p->limits->max_line ? parser_refuse(p, 431) : 0;
}

static int
parser_on_field(llhttp_t *ll, const char *at, size_t n)
{
    struct rd_parser *p = parser_of(ll);
    struct rd_http_header *h;

    if (p->phase == RD_PARSE_CHUNKED)
        return p->in_value ? (p->in_value = false, parser_on_trailer(p)) : 0;
    if (!p->in_value && p->in->n_headers > 0) {
        h = &p->in->headers[p->in->n_headers - 1];
        parser_extend(&h->name, at, n);
        return parser_check_line(p, h, at + n);
    }
    p->in_value = false;
    if (p->in->n_headers >= p->limits->max_headers)
        return parser_refuse(p, 431);
    h = rd_input_header(p->in);
    if (h == NULL)
        return parser_refuse(p, 503);
    h->name = rd_slice_make(at, n);
    return parser_check_line(p, h, at + n);
}

static int
parser_on_value(llhttp_t *ll, const char *at, size_t n)
{
    struct rd_parser *p = parser_of(ll);
    struct rd_http_header *h;

    p->in_value = true;
    if (p->phase != RD_PARSE_HEAD)
        return 0;
    h = &p->in->headers[p->in->n_headers - 1];
    parser_extend(&h->value, at, n);
    return parser_check_line(p, h, at + n);
}

static int
parser_on_headers(llhttp_t *ll)
{
    (void)ll;
    return HPE_PAUSED;    /* the whole head is looked at outside */
}

/* n more bytes of body are too many. The limit may have been lowered meanwhile. */
static bool
parser_over(const struct rd_parser *p, uint64_t n)
{
    size_t most = p->limits->max_body;

    return n > most || p->length > most - n;
}

static int
parser_on_chunk(llhttp_t *ll)
{
    struct rd_parser *p = parser_of(ll);

    p->in_value = true;    /* what may follow is a trailer's name */
    return parser_over(p, ll->content_length) ? parser_refuse(p, 413) : 0;
}

/* The framing before it is done with: the pieces move together. */
static int
parser_on_body(llhttp_t *ll, const char *at, size_t n)
{
    struct rd_parser *p = parser_of(ll);

    if (parser_over(p, n))
        return parser_refuse(p, 413);
    memmove(p->in->p + p->body + p->length, at, n);
    p->length += n;
    return 0;
}

static int
parser_on_message(llhttp_t *ll)
{
    (void)ll;
    return HPE_PAUSED;
}

static const llhttp_settings_t parser_settings = {
    .on_protocol = parser_on_protocol,
    .on_url = parser_on_url,
    .on_version_complete = parser_on_version,
    .on_header_field = parser_on_field,
    .on_header_value = parser_on_value,
    .on_headers_complete = parser_on_headers,
    .on_chunk_header = parser_on_chunk,
    .on_body = parser_on_body,
    .on_message_complete = parser_on_message,
};

void
rd_parser_init(struct rd_parser *p, const struct rd_http_limits *limits)
{
    *p = (struct rd_parser){ .limits = limits, .keep_alive = true };
    llhttp_init(&p->ll, HTTP_REQUEST, &parser_settings);
    p->ll.data = p;
}

/* Empty lines before a request are skipped (RFC 9112 2.2), and do not begin one. */
static void
parser_skip_blank(struct rd_parser *p)
{
    struct rd_input *in = p->in;

    if (p->parsed != in->begin)
        return;
    while (in->begin < in->n && (in->p[in->begin] == '\r' || in->p[in->begin] == '\n')) {
        in->begin++;
        p->blank++;
    }
    p->parsed = in->begin;
}

void
rd_parser_next(struct rd_parser *p)
{
    llhttp_reset(&p->ll);
    p->phase = RD_PARSE_HEAD;
    p->body = p->length = p->framing = p->blank = 0;
    p->trailers = 0;
    p->in_value = p->expects = false;
    p->keep_alive = true;
    p->status = 0;
    if (p->in == NULL)
        return;
    p->in->begin = p->parsed;
    p->in->n_headers = 0;
    p->in->target = (struct rd_slice){ NULL, 0 };
    parser_skip_blank(p);
}

bool
rd_parser_begun(const struct rd_parser *p)
{
    return p->in != NULL && p->in->n > p->in->begin;
}

size_t
rd_parser_room(struct rd_parser *p)
{
    size_t begin = p->in->begin, shift;
    size_t limit = p->limits->max_head + p->limits->max_body + RD_INPUT_FIRST;
    size_t room = rd_input_reserve(p->in, PARSER_ROOM, limit);

    shift = begin - p->in->begin;
    p->parsed -= shift;
    p->body -= p->phase != RD_PARSE_HEAD ? shift : 0;
    return room;
}

static enum rd_parse_result
parser_reject(struct rd_parser *p, int status)
{
    p->status = p->status != 0 ? p->status : status;
    p->keep_alive = false;
    return RD_PARSE_REJECT;
}

/* The status for what llhttp itself did not like. */
static int
parser_error(const struct rd_parser *p, llhttp_errno_t error)
{
    if (error == HPE_INVALID_VERSION
        && (p->ll.http_major > 1 || (p->ll.http_major == 1 && p->ll.http_minor > 1)))
        return 505;
    return 400;
}

/* Lets llhttp see bytes up to `end`; the position that it reached is p->parsed. */
static llhttp_errno_t
parser_execute(struct rd_parser *p, size_t end)
{
    const char *base = p->in->p;
    llhttp_errno_t error = llhttp_execute(&p->ll, base + p->parsed, end - p->parsed);

    if (error == HPE_OK)
        p->parsed = end;
    else if (error == HPE_PAUSED)
        p->parsed = (size_t)(llhttp_get_error_pos(&p->ll) - base);
    return error;
}

/* ---- bodies --------------------------------------------------------------- */

static enum rd_parse_result
parser_done(struct rd_parser *p)
{
    rd_rules_fill(p);
    p->request.body = rd_slice_make(p->in->p + p->body, p->length);
    p->request.headers = p->in->headers;
    p->request.n_headers = p->in->n_headers;
    return RD_PARSE_REQUEST;
}

static enum rd_parse_result
parser_length(struct rd_parser *p)
{
    if (p->in->n - p->body < p->length) {
        p->parsed = p->in->n;
        return RD_PARSE_MORE;
    }
    p->parsed = p->body + p->length;
    return parser_done(p);
}

static enum rd_parse_result
parser_chunked(struct rd_parser *p)
{
    size_t from = p->parsed, before = p->length;
    llhttp_errno_t error = parser_execute(p, p->in->n);

    if (error != HPE_OK && error != HPE_PAUSED)
        return parser_reject(p, parser_error(p, error));
    p->framing += p->parsed - from - (p->length - before);
    if (p->framing > p->limits->max_head)
        return parser_reject(p, 413);
    if (error == HPE_PAUSED)
        return parser_done(p);
    p->parsed = p->in->n = p->body + p->length;    /* framing is not kept */
    return RD_PARSE_MORE;
}

/* ---- heads ---------------------------------------------------------------- */

static enum rd_parse_result
parser_body(struct rd_parser *p)
{
    p->body = p->parsed;
    if ((p->ll.flags & F_CHUNKED) != 0) {
        p->phase = RD_PARSE_CHUNKED;
        p->ll.upgrade = 0;
        p->in_value = true;
        llhttp_resume(&p->ll);
    } else {
        p->phase = RD_PARSE_LENGTH;
        p->length = (size_t)p->ll.content_length;
    }
    return rd_parser_run(p);
}

static enum rd_parse_result
parser_head(struct rd_parser *p)
{
    size_t most, end;
    llhttp_errno_t error;

    parser_skip_blank(p);
    if (p->blank > p->limits->max_head)
        return parser_reject(p, 431);
    if (p->parsed == p->in->n)
        return RD_PARSE_MORE;
    most = p->in->begin + p->limits->max_head - p->blank;
    end = p->in->n < most ? p->in->n : most;
    error = parser_execute(p, end);
    if (error == HPE_PAUSED) {
        p->status = rd_rules_check(p);
        return p->status != 0 ? parser_reject(p, p->status) : parser_body(p);
    }
    if (error != HPE_OK)
        return parser_reject(p, parser_error(p, error));
    if (end == most)
        return parser_reject(p, 431);
    return RD_PARSE_MORE;
}

enum rd_parse_result
rd_parser_run(struct rd_parser *p)
{
    if (p->in == NULL)
        return RD_PARSE_MORE;
    switch (p->phase) {
    case RD_PARSE_LENGTH: return parser_length(p);
    case RD_PARSE_CHUNKED: return parser_chunked(p);
    case RD_PARSE_HEAD: break;
    }
    return parser_head(p);
}
