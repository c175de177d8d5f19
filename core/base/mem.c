/* mem.c - allocate or abort. Called from anywhere; no state but when memory was given back. */
#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define MEM_LARGE (1024 * 1024)     /* bytes: from here on a block has pages of its own */
#define MEM_TOP (2 * MEM_LARGE)     /* free bytes that the end of a heap may keep */
#define MEM_REST (250 * RD_MS)

static _Atomic uint64_t mem_given_back_ns;

static void *
mem_must(void *p, size_t n)
{
    if (p == NULL) {
        fprintf(stderr, "replyd: out of memory (%zu bytes)\n", n);
        abort();
    }
    return p;
}

void *
rd_malloc(size_t n)
{
    return mem_must(malloc(n ? n : 1), n);
}

void *
rd_calloc(size_t count, size_t size)
{
    return mem_must(calloc(count ? count : 1, size ? size : 1), count * size);
}

void *
rd_realloc(void *p, size_t n)
{
    return mem_must(realloc(p, n ? n : 1), n);
}

char *
rd_strdup(const char *s)
{
    size_t n = strlen(s) + 1;

    return memcpy(rd_malloc(n), s, n);
}

/*
 * By itself glibc raises both with each large block that is freed, up to 32 and 64 MiB; from then
 * on such blocks lie among the small ones, and one small one that stays keeps megabytes.
 */
void
rd_mem_init(void)
{
    mallopt(M_MMAP_THRESHOLD, MEM_LARGE);
    mallopt(M_TRIM_THRESHOLD, MEM_TOP);
}

bool
rd_mem_give_back(void)
{
    uint64_t last = atomic_load(&mem_given_back_ns), now = rd_clock_ns();

    if (now < last + MEM_REST ||
        !atomic_compare_exchange_strong(&mem_given_back_ns, &last, now))
        return false;
    malloc_trim(0);
    return true;
}

void
rd_memzero(void *p, size_t n)
{
    if (n > 0)
        explicit_bzero(p, n);
}
