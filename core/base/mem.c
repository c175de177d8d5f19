/* mem.c - allocate or abort. Called from anywhere; no state. */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void
rd_memzero(void *p, size_t n)
{
    if (n > 0)
        explicit_bzero(p, n);
}
