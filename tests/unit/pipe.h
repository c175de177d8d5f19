/*
 * pipe.h - a whole HTTP server without a socket, for the unit tests of http.
 *
 * The service of the server records what it got; unless told otherwise it
 * answers 200 with what it read, so that an answer shows how a request was cut.
 */
#ifndef RD_TESTS_PIPE_H
#define RD_TESTS_PIPE_H

#include "http/stream.h"
#include "net/memory.h"

enum pipe_mode { PIPE_ANSWER, PIPE_HOLD };

struct pipe {
    uv_loop_t loop;
    struct rd_http_server *server;
    struct rd_memory_link link;
    enum pipe_mode mode;
    bool verify;                    /* call rd_http_stream_verified */
    struct rd_http_stream *held;
    unsigned requests, gones, drained;
    uint64_t start_ns;              /* of the last request */
    struct rd_buf body;
};

/* Limits of the design; the tests change what they need before pipe_open. */
extern struct rd_http_limits pipe_limits;

void pipe_start(struct pipe *p);
/* A new connection (the one before must be closed). */
void pipe_open(struct pipe *p);
void pipe_feed(struct pipe *p, struct rd_slice s);
/* Turns the loop until the connection is closed. */
void pipe_run_to_close(struct pipe *p);
/* All that was sent since the last call, with every Date blanked; freed with the next call. */
struct rd_slice pipe_taken(struct pipe *p);
/* Closes the connection and forgets it. */
void pipe_close(struct pipe *p);
void pipe_stop(struct pipe *p);
/* Answers the held request with 200 and text. */
void pipe_answer(struct pipe *p, const char *text);
/* How often text stands in s. */
size_t pipe_count(struct rd_slice s, const char *text);

#endif
