/*
 * echo_server.c - a server of core/http alone, for the tests of tests/http.
 *
 * Answers 403 to everything, like replyd without a token; GET /echo... tells
 * what it read, /hold answers when the next request on any connection comes,
 * /never never. Prints "listening URL" for each listener, then "ready". SIGTERM
 * drains, and it exits with 0.
 *
 *     echo_server [--OPTION VALUE]... LISTEN...
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/server.h"
#include "net/address.h"
#include "net/tls.h"

#define ECHO_LISTENERS 8

struct echo {
    struct rd_http_server *server;
    struct rd_http_stream *held;
    unsigned long requests;
    uv_signal_t signal;
    struct rd_buf out;
};

static struct rd_http_limits echo_limits = {
    .max_body = 65536, .max_head = 16384, .max_headers = 100, .max_line = 8192,
    .handshake_timeout = 5000, .request_timeout = 10000, .idle_timeout = 75000,
    .answer_timeout = 9000,
};

static void
echo_answer(struct rd_http_stream *s, int status, struct rd_slice body)
{
    struct rd_http_response r = { .status = status, .type = RD_LIT("text/plain"), .body = body };

    rd_http_respond(s, &r);
}

static void
echo_tell(struct echo *e, struct rd_http_stream *s, const struct rd_http_request *r)
{
    rd_buf_reset(&e->out);
    rd_buf_printf(&e->out, "%.*s %.*s %.*s ?%.*s 1.%u %s %.*s\n", RD_PRI(r->method),
                  RD_PRI(r->target), RD_PRI(r->path), RD_PRI(r->query), r->minor,
                  r->tls ? "tls" : "plain", RD_PRI(r->peer));
    for (size_t i = 0; i < r->n_headers; i++)
        rd_buf_printf(&e->out, "%.*s: [%.*s]\n", RD_PRI(r->headers[i].name),
                      RD_PRI(r->headers[i].value));
    rd_buf_printf(&e->out, "body %zu ", r->body.n);
    rd_buf_put_slice(&e->out, r->body);
    echo_answer(s, 200, rd_buf_slice(&e->out));
}

static void
echo_on_request(struct rd_http_stream *s, const struct rd_http_request *r, void *data)
{
    struct echo *e = data;
    struct rd_http_stream *held = e->held;

    e->requests++;
    if (held != NULL) {
        e->held = NULL;
        echo_answer(held, 200, RD_LIT("held"));
    }
    if (rd_slice_starts(r->path, RD_LIT("/verified")))
        rd_http_stream_verified(s);
    if (rd_slice_starts(r->path, RD_LIT("/echo")))
        echo_tell(e, s, r);
    else if (rd_slice_starts(r->path, RD_LIT("/hold")))
        e->held = s;
    else if (!rd_slice_starts(r->path, RD_LIT("/never")))
        echo_answer(s, 403, RD_LIT("Forbidden\n"));
}

static void
echo_on_gone(struct rd_http_stream *s, void *data)
{
    struct echo *e = data;

    if (e->held == s)
        e->held = NULL;
}

static void
echo_on_drained(void *arg)
{
    struct echo *e = arg;

    rd_http_server_close(e->server);
    uv_close((uv_handle_t *)&e->signal, NULL);
}

static void
echo_on_signal(uv_signal_t *handle, int number)
{
    struct echo *e = handle->data;

    (void)number;
    uv_signal_stop(handle);
    rd_http_server_drain(e->server, echo_on_drained, e);
}

/* --max-body 100 and so on: all limits by their names. */
static int
echo_option(const char *name, const char *value)
{
    static const struct {
        const char *name;
        size_t *size;
        uint64_t *time;
    } options[] = {
        { "--max-body", &echo_limits.max_body, NULL },
        { "--max-head", &echo_limits.max_head, NULL },
        { "--max-headers", &echo_limits.max_headers, NULL },
        { "--max-line", &echo_limits.max_line, NULL },
        { "--max-connections", &echo_limits.max_connections, NULL },
        { "--handshake-timeout", NULL, &echo_limits.handshake_timeout },
        { "--request-timeout", NULL, &echo_limits.request_timeout },
        { "--idle-timeout", NULL, &echo_limits.idle_timeout },
        { "--answer-timeout", NULL, &echo_limits.answer_timeout },
    };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (strcmp(name, options[i].name) != 0)
            continue;
        if (options[i].size != NULL)
            *options[i].size = strtoul(value, NULL, 10);
        else
            *options[i].time = strtoul(value, NULL, 10);
        return 0;
    }
    return -1;
}

static struct rd_tls_context *
echo_tls(const char *dir)
{
    struct rd_tls_context *tls = NULL;
    struct rd_buf why;

    rd_buf_init(&why, 1000);
    if (dir == NULL || rd_tls_self_signed(dir, "localhost", &tls, &why) != 0) {
        fprintf(stderr, "%.*s\n", RD_PRI(rd_buf_slice(&why)));
        exit(2);
    }
    rd_buf_free(&why);
    return tls;
}

static void
echo_listen(const char *text, const char *dir, struct rd_http_listen *out)
{
    struct rd_address a;
    struct rd_buf line;

    rd_buf_init(&line, 1000);
    if (rd_address_parse(rd_slice_str(text), &a) != 0
        || rd_address_bind(&a, &out->fd, &line) != 0) {
        fprintf(stderr, "%s: %.*s\n", text, RD_PRI(rd_buf_slice(&line)));
        exit(69);
    }
    out->tls = a.tls ? echo_tls(dir) : NULL;
    rd_address_print(&a, out->fd, &line);
    printf("listening %.*s\n", RD_PRI(rd_buf_slice(&line)));
    rd_buf_free(&line);
}

int
main(int argc, char **argv)
{
    struct echo e = { .held = NULL };
    struct rd_http_service service = { echo_on_request, echo_on_gone, &e, NULL };
    struct rd_http_listen listeners[ECHO_LISTENERS];
    const char *state = NULL;
    uv_loop_t loop;
    size_t n = 0;
    int i = 1;

    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (strcmp(argv[i], "--state") == 0)
            state = argv[i + 1];
        else if (echo_option(argv[i], argv[i + 1]) != 0)
            return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    for (; i < argc && n < ECHO_LISTENERS; i++)
        echo_listen(argv[i], state, &listeners[n++]);
    rd_buf_init(&e.out, 1 << 20);
    uv_loop_init(&loop);
    uv_signal_init(&loop, &e.signal);
    e.signal.data = &e;
    uv_signal_start(&e.signal, echo_on_signal, SIGTERM);
    if (rd_http_server_start(&loop, listeners, n, &echo_limits, &service, &e.server) != 0)
        return 70;
    for (size_t k = 0; k < n; k++) {
        close(listeners[k].fd);
        rd_tls_context_unref(listeners[k].tls);
    }
    printf("ready\n");
    fflush(stdout);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop) != 0)
        return 70;
    rd_buf_free(&e.out);
    return 0;
}
