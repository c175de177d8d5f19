/*
 * server.h - HTTP/1.x over net's connections: requests in, responses out.
 *
 * Knows no route and no Twilio. One request of a connection is in the service's
 * hands at a time; pipelined ones wait, so answers are in order. Runs on the
 * loop that it was started on: a front's, or main's for the admin listener.
 */
#ifndef RD_HTTP_SERVER_H
#define RD_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/slice.h"

struct rd_http_server;
struct rd_http_stream;    /* one connection, as the service sees it */
struct rd_tls_context;    /* net/tls.h: immutable snapshot with a reference count; NULL: plain */

/* Limits of design section 8; sizes in bytes, times in milliseconds. */
struct rd_http_limits {
    size_t max_body, max_head, max_headers, max_line;
    uint64_t handshake_timeout, request_timeout, idle_timeout;
    uint64_t answer_timeout;    /* not verified and not answered by then: 408 and close */
    size_t max_connections;     /* 0: from RLIMIT_NOFILE */
};

struct rd_http_header {
    struct rd_slice name, value;
};

/* Valid from request() until the response is given or gone() was called. */
struct rd_http_request {
    struct rd_slice method, target, path, query;    /* target as sent; query without "?" */
    unsigned minor;                                 /* HTTP/1.<minor> */
    const struct rd_http_header *headers;
    size_t n_headers;
    struct rd_slice body;
    uint64_t start_ns;    /* accept(), first byte when reused, or end of the previous response */
    bool tls;
    struct rd_slice peer;    /* address without port; "unix" for a unix socket */
};

/* First value of a header (any case); {NULL, 0} when absent. *count (may be NULL): how many. */
struct rd_slice rd_http_header_get(const struct rd_http_request *r, struct rd_slice name,
                                   size_t *count);

struct rd_http_response {
    int status;
    struct rd_slice type;             /* Content-Type; empty: none */
    const struct rd_http_header *headers;    /* further ones */
    size_t n_headers;
    struct rd_slice body;             /* copied; HEAD sends its length only */
    bool close;                       /* Connection: close */
};

struct rd_http_service {
    /* A complete request. Answer now or later with rd_http_respond. */
    void (*request)(struct rd_http_stream *s, const struct rd_http_request *r, void *data);
    /* The stream died before its request was answered; it must not be used any more. */
    void (*gone)(struct rd_http_stream *s, void *data);
    void *data;
    const struct rd_http_header *allow;    /* sent with the server's own 405; NULL: GET, POST */
};

/* What the service remembers with a stream (its exchange). */
void rd_http_stream_set_user(struct rd_http_stream *s, void *user);
void *rd_http_stream_user(const struct rd_http_stream *s);

/* Answers the request in hand, once. The body is copied before it returns. */
void rd_http_respond(struct rd_http_stream *s, const struct rd_http_response *r);

/*
 * The peer has proved to be Twilio: answer_timeout no longer applies to this request, and when the
 * server is full its connection goes last, and only while it is idle.
 */
void rd_http_stream_verified(struct rd_http_stream *s);

struct rd_http_listen {
    int fd;                          /* bound and listening; the server closes its own duplicate */
    struct rd_tls_context *tls;      /* a reference is taken; NULL: plain */
};

/* Starts serving on loop; 0 or an error. Limits and tls may be replaced later (reload). */
int rd_http_server_start(uv_loop_t *loop, const struct rd_http_listen *listeners, size_t n,
                         const struct rd_http_limits *limits, const struct rd_http_service *service,
                         struct rd_http_server **out);
/* Before the loop turns: the admin listener's own traffic is not in the metrics that it serves. */
void rd_http_server_uncounted(struct rd_http_server *s);
void rd_http_server_set_limits(struct rd_http_server *s, const struct rd_http_limits *limits);
void rd_http_server_set_tls(struct rd_http_server *s, size_t listener, struct rd_tls_context *tls);

/*
 * SIGTERM: accepts what the backlog holds, closes the listeners, answers with
 * "Connection: close", ends idle connections after 1 s. drained() is called
 * once when no connection is left. Clients are refused only when the caller has closed its own
 * descriptors of the listeners too.
 */
void rd_http_server_drain(struct rd_http_server *s, void (*drained)(void *arg), void *arg);
/* Closes all at once; the memory goes when its handles are closed. */
void rd_http_server_close(struct rd_http_server *s);

#endif
