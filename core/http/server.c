/*
 * server.c - see server.h. A server is a hub of connections and what answers them.
 *
 * Owns the server; its memory goes when the hub says that nothing of it is left.
 */
#include "http/server.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/error.h"
#include "base/mem.h"
#include "http/stream.h"

#define SERVER_OUT_LIMIT ((size_t)64 << 20)    /* one response: what core makes is far below it */

static struct rd_hub_limits
server_hub_limits(const struct rd_http_limits *l)
{
    return (struct rd_hub_limits){ .handshake = l->handshake_timeout, .request = l->request_timeout,
                                   .answer = l->answer_timeout, .idle = l->idle_timeout,
                                   .max_connections = l->max_connections };
}

static void
server_free(struct rd_http_server *s)
{
    rd_hub_free(&s->hub);
    rd_input_pool_free(&s->pool);
    rd_buf_free(&s->out);
    s->magic = RD_DEAD;
    free(s);
}

static void
server_on_empty(struct rd_hub *hub)
{
    struct rd_http_server *s = hub->owner;
    void (*drained)(void *) = s->drained;

    RD_CHECK(s, RD_HTTP_SERVER_MAGIC);
    s->drained = NULL;
    if (hub->closing)
        server_free(s);
    else if (drained != NULL)
        drained(s->drained_arg);
}

int
rd_http_server_start(uv_loop_t *loop, const struct rd_http_listen *listeners, size_t n,
                     const struct rd_http_limits *limits, const struct rd_http_service *service,
                     struct rd_http_server **out)
{
    struct rd_http_server *s = rd_calloc(1, sizeof *s);
    struct rd_hub_listen *hub_listeners = rd_calloc(n + 1, sizeof *hub_listeners);
    struct rd_hub_limits hub_limits = server_hub_limits(limits);
    int error;

    for (size_t i = 0; i < n; i++)
        hub_listeners[i] = (struct rd_hub_listen){ listeners[i].fd, listeners[i].tls };
    s->magic = RD_HTTP_SERVER_MAGIC;
    s->limits = *limits;
    s->service = *service;
    rd_buf_init(&s->out, SERVER_OUT_LIMIT);
    error = rd_hub_init(&s->hub, loop, &rd_http_stream_user_of_conn, s, hub_listeners, n,
                        &hub_limits);
    free(hub_listeners);
    s->hub.empty = server_on_empty;
    if (error != 0) {
        rd_hub_close(&s->hub);
        return error;
    }
    *out = s;
    return 0;
}

void
rd_http_server_uncounted(struct rd_http_server *s)
{
    s->hub.uncounted = true;
}

void
rd_http_server_set_limits(struct rd_http_server *s, const struct rd_http_limits *limits)
{
    struct rd_hub_limits hub_limits = server_hub_limits(limits);

    RD_CHECK(s, RD_HTTP_SERVER_MAGIC);
    s->limits = *limits;
    rd_hub_set_limits(&s->hub, &hub_limits);
}

void
rd_http_server_set_tls(struct rd_http_server *s, size_t listener, struct rd_tls_context *tls)
{
    RD_CHECK(s, RD_HTTP_SERVER_MAGIC);
    rd_hub_set_tls(&s->hub, listener, tls);
}

void
rd_http_server_drain(struct rd_http_server *s, void (*drained)(void *arg), void *arg)
{
    RD_CHECK(s, RD_HTTP_SERVER_MAGIC);
    s->drained = drained;
    s->drained_arg = arg;
    rd_hub_drain(&s->hub);
}

void
rd_http_server_close(struct rd_http_server *s)
{
    RD_CHECK(s, RD_HTTP_SERVER_MAGIC);
    rd_hub_close(&s->hub);
}
