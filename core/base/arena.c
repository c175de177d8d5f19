/* arena.c - see arena.h. Owns the chunks; called from anywhere. */
#include "base/arena.h"

#include "base/check.h"
#include "base/pool.h"

/* Chunks: with their heads the pool's sizes. A reply fits the first; the others grow with it. */
#define ARENA_FIRST 496
#define ARENA_LEAST 240
#define ARENA_MOST 2032
#define ARENA_ALIGN _Alignof(max_align_t)

struct rd_arena_chunk {
    struct rd_arena_chunk *next;
    size_t size;    /* of data */
    max_align_t data[];
};

void
rd_arena_init(struct rd_arena *a, size_t limit)
{
    *a = (struct rd_arena){ .limit = limit };
}

void
rd_arena_free(struct rd_arena *a)
{
    struct rd_arena_chunk *c = a->chunks, *next;

    for (; c != NULL; c = next) {
        next = c->next;
        rd_pool_put(c, sizeof *c + c->size);
    }
    rd_arena_init(a, a->limit);
}

static void
arena_add(struct rd_arena *a, struct rd_arena_chunk *c, size_t size)
{
    c->next = a->chunks;
    c->size = size;
    a->chunks = c;
    a->at = (char *)c->data;
    a->end = a->at + size;
    a->used += size;
}

static size_t
arena_step(const struct rd_arena *a)
{
    size_t half = a->used / 2 & ~(ARENA_ALIGN - 1);

    if (a->chunks == NULL)
        return ARENA_FIRST;
    if (half > ARENA_MOST)
        return ARENA_MOST;
    return half > ARENA_LEAST ? half : ARENA_LEAST;
}

/* A chunk with room for n bytes, and for more where the cap lets it. */
static int
arena_add_chunk(struct rd_arena *a, size_t need)
{
    size_t least = arena_step(a), size = need > least ? need : least;
    struct rd_arena_chunk *c;

    if (size > a->limit - a->used)
        size = need;
    if (size > a->limit - a->used)
        return -1;
    c = rd_pool_try(sizeof *c + size);
    if (c == NULL)
        return -1;
    arena_add(a, c, size);
    return 0;
}

void
rd_arena_reserve(struct rd_arena *a, size_t n)
{
    RD_ASSERT(a->chunks == NULL && n <= a->limit);
    arena_add(a, rd_pool_get(sizeof(struct rd_arena_chunk) + n), n);
}

void *
rd_arena_alloc(struct rd_arena *a, size_t n)
{
    void *p;

    if (n > a->limit)
        return NULL;
    n = (n + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    if (n > (size_t)(a->end - a->at) && arena_add_chunk(a, n) != 0)
        return NULL;
    p = a->at;
    a->at += n;
    return p;
}

struct rd_slice
rd_arena_copy(struct rd_arena *a, struct rd_slice s)
{
    char *p = rd_arena_alloc(a, s.n + 1);

    if (p == NULL)
        return rd_slice_make(NULL, 0);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return rd_slice_make(p, s.n);
}
