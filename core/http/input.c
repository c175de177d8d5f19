/* input.c - see input.h. Owns the pool's memory; called by stream.c and parser.c. */
#include "http/input.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define INPUT_HEADERS 24    /* rows at first */

struct rd_input *
rd_input_get(struct rd_input_pool *pool)
{
    struct rd_input *in = pool->free;

    if (in != NULL) {
        pool->free = in->next;
        pool->n--;
        return in;
    }
    in = rd_calloc(1, sizeof *in);
    in->p = rd_malloc(RD_INPUT_FIRST);
    in->cap = RD_INPUT_FIRST;
    in->headers = rd_calloc(INPUT_HEADERS, sizeof *in->headers);
    in->cap_headers = INPUT_HEADERS;
    return in;
}

static void
input_free(struct rd_input *in)
{
    free(in->headers);
    free(in->p);
    free(in);
}

void
rd_input_put(struct rd_input_pool *pool, struct rd_input *in)
{
    if (pool->n >= RD_INPUT_POOL || in->cap > RD_INPUT_POOL_BYTES) {
        input_free(in);
        return;
    }
    in->begin = in->n = in->n_headers = 0;
    in->target = (struct rd_slice){ NULL, 0 };
    in->next = pool->free;
    pool->free = in;
    pool->n++;
}

void
rd_input_pool_free(struct rd_input_pool *pool)
{
    while (pool->free != NULL) {
        struct rd_input *in = pool->free;

        pool->free = in->next;
        input_free(in);
    }
    pool->n = 0;
}

/* The slice at the same place of the moved bytes. */
static void
input_rebase(struct rd_slice *s, const char *from, const char *to)
{
    if (s->p != NULL)
        s->p = to + (s->p - from);
}

/* The request's bytes now begin at `to`; slices still point below `from`. */
static void
input_moved(struct rd_input *in, const char *from, const char *to)
{
    input_rebase(&in->target, from, to);
    for (size_t i = 0; i < in->n_headers; i++) {
        input_rebase(&in->headers[i].name, from, to);
        input_rebase(&in->headers[i].value, from, to);
    }
}

static void
input_compact(struct rd_input *in)
{
    size_t used = in->n - in->begin;

    memmove(in->p, in->p + in->begin, used);
    input_moved(in, in->p + in->begin, in->p);
    in->begin = 0;
    in->n = used;
}

static void
input_grow(struct rd_input *in, size_t cap)
{
    char *p = malloc(cap);

    if (p == NULL)
        return;
    memcpy(p, in->p, in->n);
    input_moved(in, in->p, p);
    free(in->p);
    in->p = p;
    in->cap = cap;
}

size_t
rd_input_reserve(struct rd_input *in, size_t want, size_t limit)
{
    size_t cap = in->cap;

    if (in->cap - in->n < want && in->begin > 0)
        input_compact(in);
    while (cap - in->n < want && cap < limit)
        cap = cap * 2 < limit ? cap * 2 : limit;
    if (cap > in->cap)
        input_grow(in, cap);
    return in->cap - in->n;
}

struct rd_http_header *
rd_input_header(struct rd_input *in)
{
    if (in->n_headers == in->cap_headers) {
        struct rd_http_header *more = realloc(in->headers,
                                              2 * in->cap_headers * sizeof *more);

        if (more == NULL)
            return NULL;
        in->headers = more;
        in->cap_headers *= 2;
    }
    in->headers[in->n_headers] = (struct rd_http_header){ { NULL, 0 }, { NULL, 0 } };
    return &in->headers[in->n_headers++];
}
