/*
 * mem.h - allocation of small, bounded objects: succeeds or aborts.
 *
 * For sizes that an outsider chooses use rd_buf or rd_arena (they have a cap
 * and return an error) or the Lua allocator.
 */
#ifndef RD_BASE_MEM_H
#define RD_BASE_MEM_H

#include <stddef.h>

/* Never NULL; aborts with a message when memory is out. Free with free(). */
void *rd_malloc(size_t n) __attribute__((malloc, returns_nonnull));
void *rd_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *rd_realloc(void *p, size_t n) __attribute__((returns_nonnull));
char *rd_strdup(const char *s) __attribute__((malloc, returns_nonnull));

/* Overwrites secrets so that the compiler cannot leave it out. */
void rd_memzero(void *p, size_t n);

#endif
