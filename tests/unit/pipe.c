/*
 * pipe.c - see pipe.h. Owns the loop, the server and one connection over memory.
 */
#include "pipe.h"

#include <string.h>

#include "base/check.h"

#define PIPE_BODY ((size_t)4 << 20)

static const struct rd_http_limits pipe_defaults = {
    .max_body = 65536, .max_head = 16384, .max_headers = 100, .max_line = 8192,
    .handshake_timeout = 5000, .request_timeout = 10000, .idle_timeout = 75000,
    .answer_timeout = 9000, .max_connections = 100,
};
struct rd_http_limits pipe_limits;

static void
pipe_tell(struct pipe *p, const struct rd_http_request *r)
{
    struct rd_buf *b = &p->body;

    rd_buf_reset(b);
    rd_buf_printf(b, "%.*s %.*s %.*s ?%.*s 1.%u\n", RD_PRI(r->method), RD_PRI(r->target),
                  RD_PRI(r->path), RD_PRI(r->query), r->minor);
    for (size_t i = 0; i < r->n_headers; i++)
        rd_buf_printf(b, "%.*s: [%.*s]\n", RD_PRI(r->headers[i].name),
                      RD_PRI(r->headers[i].value));
    rd_buf_printf(b, "body %zu ", r->body.n);
    rd_buf_put_slice(b, r->body);
    RD_ASSERT(b->error == 0);
}

static void
pipe_on_request(struct rd_http_stream *s, const struct rd_http_request *r, void *data)
{
    struct pipe *p = data;
    struct rd_http_response answer = { .status = 200, .type = RD_LIT("text/plain") };

    p->requests++;
    p->start_ns = r->start_ns;
    if (p->verify)
        rd_http_stream_verified(s);
    if (p->mode == PIPE_HOLD) {
        RD_ASSERT(p->held == NULL);
        p->held = s;
        return;
    }
    pipe_tell(p, r);
    answer.body = rd_buf_slice(&p->body);
    rd_http_respond(s, &answer);
}

static void
pipe_on_gone(struct rd_http_stream *s, void *data)
{
    struct pipe *p = data;

    RD_ASSERT(p->held == s);
    p->held = NULL;
    p->gones++;
}

void
pipe_start(struct pipe *p)
{
    struct rd_http_service service = { pipe_on_request, pipe_on_gone, p, NULL };

    *p = (struct pipe){ .held = NULL };
    pipe_limits = pipe_defaults;
    rd_buf_init(&p->body, PIPE_BODY);
    RD_ASSERT(uv_loop_init(&p->loop) == 0);
    RD_ASSERT(rd_http_server_start(&p->loop, NULL, 0, &pipe_limits, &service, &p->server) == 0);
}

void
pipe_open(struct pipe *p)
{
    rd_http_server_set_limits(p->server, &pipe_limits);
    uv_update_time(&p->loop);
    p->requests = p->gones = 0;
    rd_memory_open(&p->link, &p->server->hub, NULL);
}

void
pipe_feed(struct pipe *p, struct rd_slice s)
{
    if (p->link.conn != NULL)
        rd_memory_feed(&p->link, s);
}

void
pipe_run_to_close(struct pipe *p)
{
    while (p->link.conn != NULL)
        uv_run(&p->loop, UV_RUN_ONCE);
}

/* "Date: ..." is the only thing that may differ between two equal answers. */
struct rd_slice
pipe_taken(struct pipe *p)
{
    struct rd_slice all = rd_buf_slice(&p->link.out);
    char *at = p->link.out.p, *end = all.n ? at + all.n : at;

    while (all.n > 0 && at != NULL &&
           (at = memmem(at, (size_t)(end - at), "\r\nDate: ", 8)) != NULL) {
        memset(at + 8, '#', 29);
        at += 8;
    }
    p->link.out.n = 0;
    return all;
}

void
pipe_close(struct pipe *p)
{
    if (p->link.conn != NULL)
        rd_conn_close(p->link.conn);
    p->held = NULL;
    uv_run(&p->loop, UV_RUN_NOWAIT);
    rd_memory_free(&p->link);
}

void
pipe_stop(struct pipe *p)
{
    rd_http_server_close(p->server);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    RD_ASSERT(uv_loop_close(&p->loop) == 0);
    rd_buf_free(&p->body);
}

void
pipe_answer(struct pipe *p, const char *text)
{
    struct rd_http_stream *s = p->held;
    struct rd_http_response r = { .status = 200, .body = rd_slice_str(text) };

    p->held = NULL;
    rd_http_respond(s, &r);
}

size_t
pipe_count(struct rd_slice s, const char *text)
{
    const char *at = s.p, *end = s.n ? s.p + s.n : s.p;
    size_t n = 0;

    while (s.n > 0 && at != NULL &&
           (at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL) {
        n++;
        at++;
    }
    return n;
}
