/*
 * stream.c - see stream.h. Owns the stream's input; called by conn.c with bytes
 * and events, by the service with answers.
 */
#include "http/stream.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/metric.h"

#define STREAM_OUT_KEEP ((size_t)256 << 10)    /* memory kept after a large response */

static struct rd_http_stream *
stream_of(struct rd_conn *c)
{
    RD_CHECK(c, RD_CONN_MAGIC);
    return (struct rd_http_stream *)(void *)c;
}

static struct rd_http_server *
stream_server(const struct rd_http_stream *s)
{
    struct rd_http_server *server = s->conn.hub->owner;

    RD_CHECK(server, RD_HTTP_SERVER_MAGIC);
    return server;
}

static bool
stream_held(const struct rd_http_stream *s)
{
    return s->conn.state == RD_CONN_HELD || s->conn.state == RD_CONN_VERIFIED;
}

static bool
stream_reads(const struct rd_http_stream *s)
{
    return s->conn.state == RD_CONN_FRESH || s->conn.state == RD_CONN_READ
        || s->conn.state == RD_CONN_IDLE;
}

/* Idle connections hold no memory for input. */
static void
stream_release_input(struct rd_http_stream *s)
{
    if (s->parser.in == NULL || stream_held(s) || rd_parser_begun(&s->parser))
        return;
    rd_input_put(&stream_server(s)->pool, s->parser.in);
    s->parser.in = NULL;
    s->parser.parsed = 0;
}

static void
stream_drop_input(struct rd_http_stream *s)
{
    if (s->parser.in != NULL)
        rd_input_put(&stream_server(s)->pool, s->parser.in);
    s->parser.in = NULL;
}

/* ---- answers -------------------------------------------------------------- */

static void
stream_send(struct rd_http_stream *s, const struct rd_http_response *r, bool close)
{
    struct rd_http_server *server = stream_server(s);
    const struct rd_http_request *request = &s->parser.request;
    enum rd_http_connection connection = RD_CONNECTION_IMPLIED;

    if (close)
        connection = RD_CONNECTION_CLOSE;
    else if (request->minor == 0)
        connection = RD_CONNECTION_KEEP_ALIVE;
    rd_buf_reset(&server->out);
    if (rd_http_response_write(&server->out, r, connection,
                               rd_slice_eq(request->method, RD_LIT("HEAD")), &server->date) != 0) {
        rd_conn_close(&s->conn);    /* no memory for it: nothing is better than half of it */
        return;
    }
    if (!server->hub.uncounted) {
        rd_metric_add(RD_METRIC_http_responses_total, rd_metric_status(r->status), 1);
        rd_http_noise_add(&server->noise, r->status, request, s->conn.peer);
    }
    s->finishing = close;
    rd_conn_write(&s->conn, server->out.p, server->out.n);
    if (server->out.cap > STREAM_OUT_KEEP)
        rd_buf_free(&server->out);
}

/* The answer is given; on to the next request, the end, or a wait for the kernel. */
static void
stream_answered(struct rd_http_stream *s)
{
    struct rd_conn *c = &s->conn;

    if (c->state == RD_CONN_CLOSED)
        return;
    if (c->unsent > 0) {
        rd_conn_enter(c, RD_CONN_WRITE);
        return;
    }
    if (s->finishing) {
        stream_drop_input(s);
        rd_conn_finish(c);
        return;
    }
    if (rd_parser_begun(&s->parser)) {
        c->start_ns = rd_clock_ns();    /* bytes were waiting: from the end of this response */
        rd_conn_enter(c, RD_CONN_READ);
    } else {
        rd_conn_enter(c, RD_CONN_IDLE);
    }
}

static void
stream_reject(struct rd_http_stream *s, int status)
{
    struct rd_http_response r = rd_http_refusal(status, stream_server(s)->service.allow);

    rd_metric_inc(RD_METRIC_http_rejects_total);
    stream_send(s, &r, true);
    stream_answered(s);
}

/* ---- requests ------------------------------------------------------------- */

static void
stream_dispatch(struct rd_http_stream *s)
{
    struct rd_http_server *server = stream_server(s);
    struct rd_http_request *r = &s->parser.request;

    r->start_ns = s->conn.start_ns;
    r->tls = s->conn.tls != NULL;
    r->peer = rd_slice_str(s->conn.peer);
    rd_conn_enter(&s->conn, RD_CONN_HELD);
    server->service.request(s, r, server->service.data);
}

static void
stream_continue(struct rd_http_stream *s)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (!s->parser.expects)
        return;
    s->parser.expects = false;
    rd_conn_write(&s->conn, text, sizeof text - 1);
}

static void
stream_wait(struct rd_http_stream *s)
{
    struct rd_conn *c = &s->conn;

    stream_continue(s);
    if (c->state == RD_CONN_CLOSED)
        return;
    if (c->eof) {    /* half a request, or none: nothing more will come */
        rd_conn_close(c);
        return;
    }
    if (c->state != RD_CONN_READ && rd_parser_begun(&s->parser)) {
        if (c->state == RD_CONN_IDLE)
            c->start_ns = rd_clock_ns();
        rd_conn_enter(c, RD_CONN_READ);
    }
}

/* One step; false when there is nothing to do until bytes or an answer come. */
static bool
stream_step(struct rd_http_stream *s)
{
    switch (rd_parser_run(&s->parser)) {
    case RD_PARSE_REQUEST:
        if (s->conn.state == RD_CONN_IDLE)
            s->conn.start_ns = rd_clock_ns();
        stream_dispatch(s);
        return stream_reads(s);
    case RD_PARSE_REJECT:
        s->parser.request.method = (struct rd_slice){ NULL, 0 };
        stream_reject(s, s->parser.status);
        return false;
    case RD_PARSE_MORE: break;
    }
    stream_wait(s);
    return false;
}

static void
stream_run(struct rd_http_stream *s)
{
    if (s->running)
        return;
    s->running = true;
    while (stream_reads(s) && stream_step(s))
        continue;
    s->running = false;
    if (s->conn.state == RD_CONN_CLOSED)
        return;
    stream_release_input(s);
    if (stream_reads(s))
        rd_conn_resume(&s->conn);
}

/* ---- what the connection tells -------------------------------------------- */

static char *
stream_on_room(struct rd_conn *c, size_t *n)
{
    struct rd_http_stream *s = stream_of(c);
    struct rd_parser *p = &s->parser;

    if (p->limits == NULL)
        rd_parser_init(p, &stream_server(s)->limits);
    if (p->in == NULL) {
        p->in = rd_input_get(&stream_server(s)->pool);
        p->parsed = 0;
    }
    *n = stream_reads(s) ? rd_parser_room(p) : p->in->cap - p->in->n;
    return p->in->p + p->in->n;
}

static void
stream_on_data(struct rd_conn *c, size_t n)
{
    struct rd_http_stream *s = stream_of(c);

    s->parser.in->n += n;
    stream_run(s);
}

static void
stream_on_eof(struct rd_conn *c)
{
    struct rd_http_stream *s = stream_of(c);

    if (stream_reads(s))
        stream_run(s);
}

static void
stream_on_written(struct rd_conn *c)
{
    struct rd_http_stream *s = stream_of(c);

    if (c->state != RD_CONN_WRITE)
        return;
    stream_answered(s);
    stream_run(s);
}

/* The service had it and said nothing in time. */
static void
stream_abandon(struct rd_http_stream *s)
{
    struct rd_http_server *server = stream_server(s);

    server->service.gone(s, server->service.data);
    s->user = NULL;
}

static void
stream_on_timeout(struct rd_conn *c)
{
    struct rd_http_stream *s = stream_of(c);

    if (c->state == RD_CONN_IDLE || c->state == RD_CONN_FRESH) {
        rd_conn_finish(c);
        return;
    }
    if (c->state == RD_CONN_HELD) {
        stream_abandon(s);
        rd_conn_enter(c, RD_CONN_WRITE);
    } else {
        s->parser.request.method = (struct rd_slice){ NULL, 0 };
    }
    stream_reject(s, 408);
}

static void
stream_on_closed(struct rd_conn *c)
{
    struct rd_http_stream *s = stream_of(c);

    if (stream_held(s))
        stream_abandon(s);
    stream_drop_input(s);
}

const struct rd_conn_user rd_http_stream_user_of_conn = {
    .size = sizeof(struct rd_http_stream),
    .room = stream_on_room,
    .data = stream_on_data,
    .eof = stream_on_eof,
    .written = stream_on_written,
    .timeout = stream_on_timeout,
    .closed = stream_on_closed,
};

/* ---- what the service calls ----------------------------------------------- */

void
rd_http_stream_set_user(struct rd_http_stream *s, void *user)
{
    RD_CHECK(&s->conn, RD_CONN_MAGIC);
    s->user = user;
}

void *
rd_http_stream_user(const struct rd_http_stream *s)
{
    RD_CHECK(&s->conn, RD_CONN_MAGIC);
    return s->user;
}

void
rd_http_stream_verified(struct rd_http_stream *s)
{
    RD_CHECK(&s->conn, RD_CONN_MAGIC);
    if (s->conn.state != RD_CONN_HELD)
        return;
    rd_conn_trust(&s->conn);
    rd_conn_enter(&s->conn, RD_CONN_VERIFIED);
}

void
rd_http_respond(struct rd_http_stream *s, const struct rd_http_response *r)
{
    RD_CHECK(&s->conn, RD_CONN_MAGIC);
    RD_ASSERT(stream_held(s));
    s->user = NULL;
    rd_conn_enter(&s->conn, RD_CONN_WRITE);    /* no longer held: a failing write loses nothing */
    stream_send(s, r, r->close || !s->parser.keep_alive || s->conn.hub->draining);
    if (s->conn.state == RD_CONN_CLOSED)
        return;
    rd_parser_next(&s->parser);
    stream_answered(s);
    stream_run(s);
}

struct rd_slice
rd_http_header_get(const struct rd_http_request *r, struct rd_slice name, size_t *count)
{
    struct rd_slice found = { NULL, 0 };
    size_t n = 0;

    for (size_t i = 0; i < r->n_headers; i++) {
        const struct rd_http_header *h = &r->headers[i];

        if (h->name.n != name.n || !rd_slice_eq_nocase(h->name, name))
            continue;
        if (n++ == 0)
            found = h->value.p ? h->value : RD_LIT("");
        if (count == NULL)
            break;
    }
    if (count != NULL)
        *count = n;
    return found;
}
