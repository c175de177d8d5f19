/*
 * pool.h - memory of the small objects that every message makes: by size class, in batches.
 *
 * They are made on one thread and freed on another, a whole turn's worth at a time, which is
 * what malloc's own caches (7 objects) do not cover. Each thread keeps up to two batches of a
 * class; full ones change hands through a depot. Memory comes in slabs and stays with its class:
 * what is kept is the most that was ever in use. For bounded numbers of objects only; Lua has its
 * own allocator. Sanitizer builds use malloc, so that they see each object's end.
 */
#ifndef RD_BASE_POOL_H
#define RD_BASE_POOL_H

#include <stddef.h>

/* Not zeroed, aligned for any object; NULL without memory. Any size: large ones are malloc's. */
void *rd_pool_try(size_t n) __attribute__((malloc));
/* The same, but aborts without memory. */
void *rd_pool_get(size_t n) __attribute__((malloc, returns_nonnull));
/* Frees p, which was made with the same n, on any thread. NULL is ignored. */
void rd_pool_put(void *p, size_t n);

#endif
