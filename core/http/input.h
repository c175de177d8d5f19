/*
 * input.h - the bytes of a request and what was read ahead, in one piece of memory.
 *
 * A connection has one only while it holds bytes; idle ones give theirs back to
 * the server's pool. What the parser found are slices into it, so it moves only
 * while no service holds the request, and then takes the slices along.
 */
#ifndef RD_HTTP_INPUT_H
#define RD_HTTP_INPUT_H

#include <stddef.h>

#include "http/server.h"

#define RD_INPUT_FIRST 4096       /* a webhook with its head fits */
#define RD_INPUT_POOL 64          /* kept for the next connections */
#define RD_INPUT_POOL_BYTES 16384 /* larger ones are freed */

struct rd_input {
    struct rd_input *next;        /* in the pool */
    char *p;
    size_t begin;                 /* first byte of the request at hand */
    size_t n, cap;                /* bytes are p[begin..n) */
    struct rd_slice target;       /* what the parser has found so far: into p */
    struct rd_http_header *headers;
    size_t n_headers, cap_headers;
};

struct rd_input_pool {
    struct rd_input *free;
    size_t n;
};

struct rd_input *rd_input_get(struct rd_input_pool *pool);
void rd_input_put(struct rd_input_pool *pool, struct rd_input *in);
void rd_input_pool_free(struct rd_input_pool *pool);

/*
 * At least `want` free bytes behind n, moving or growing as needed while the request's bytes stay
 * under limit. Returns how many are free, which may be less (0: none, or no memory).
 */
size_t rd_input_reserve(struct rd_input *in, size_t want, size_t limit);

/* A new header row at the end; NULL without memory. */
struct rd_http_header *rd_input_header(struct rd_input *in);

#endif
