/*
 * arena.h - memory that is freed all at once, with a hard cap.
 *
 * One arena holds all that belongs to one message (parameters, addresses), so
 * there is nothing to forget. Not thread-safe; it moves between threads whole.
 */
#ifndef RD_BASE_ARENA_H
#define RD_BASE_ARENA_H

#include <stddef.h>

#include "base/slice.h"

struct rd_arena_chunk;

struct rd_arena {
    struct rd_arena_chunk *chunks;    /* newest first */
    char *at, *end;                   /* free space in the newest chunk */
    size_t used, limit;               /* bytes in all chunks; their cap */
};

void rd_arena_init(struct rd_arena *a, size_t limit);
void rd_arena_free(struct rd_arena *a);

/* The first chunk of a new arena: n bytes, few, for who knows what it will hold. Or aborts. */
void rd_arena_reserve(struct rd_arena *a, size_t n);

/* n bytes aligned for any object, not zeroed; NULL over the cap or without memory. */
void *rd_arena_alloc(struct rd_arena *a, size_t n);

/* A copy of s in the arena with a NUL behind it; {NULL, 0} over the cap. */
struct rd_slice rd_arena_copy(struct rd_arena *a, struct rd_slice s);

#endif
