/*
 * mem.h - allocation of small, bounded objects: succeeds or aborts.
 *
 * For sizes that an outsider chooses use rd_buf or rd_arena (they have a cap
 * and return an error) or the Lua allocator.
 */
#ifndef RD_BASE_MEM_H
#define RD_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* Never NULL; aborts with a message when memory is out. Free with free(). */
void *rd_malloc(size_t n) __attribute__((malloc, returns_nonnull));
void *rd_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *rd_realloc(void *p, size_t n) __attribute__((returns_nonnull));
char *rd_strdup(const char *s) __attribute__((malloc, returns_nonnull));

/* How malloc deals with large blocks, once at the start: see rd_mem_give_back. */
void rd_mem_init(void);
/*
 * Gives pages that malloc keeps and nobody uses back to the system, four times a second at most,
 * whoever asks: false then. Takes milliseconds (tens, where much lies scattered): for after much
 * was freed.
 */
bool rd_mem_give_back(void);

/* Overwrites secrets so that the compiler cannot leave it out. */
void rd_memzero(void *p, size_t n);

#endif
