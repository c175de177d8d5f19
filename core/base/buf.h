/*
 * buf.h - a growing byte buffer with a hard cap.
 *
 * Writes past the cap (or without memory) do nothing and leave `error` set, so
 * a writer may put many pieces and look once at the end. Not thread-safe.
 */
#ifndef RD_BASE_BUF_H
#define RD_BASE_BUF_H

#include <stddef.h>

#include "base/slice.h"

struct rd_buf {
    char *p;
    size_t n;       /* bytes in use */
    size_t cap;     /* bytes allocated */
    size_t limit;   /* bytes that n may never pass */
    int error;      /* 0, or the first RD_E_* met; sticky until rd_buf_reset */
};

/* An empty buffer that may grow to limit bytes; nothing is allocated yet. */
void rd_buf_init(struct rd_buf *b, size_t limit);

/* Frees the bytes; the buffer may be used again with the same limit. */
void rd_buf_free(struct rd_buf *b);

/* Forgets contents and error, keeps the memory. */
void rd_buf_reset(struct rd_buf *b);

/* Room for n more bytes: where to write them, or NULL and b->error. The caller adds to b->n. */
char *rd_buf_reserve(struct rd_buf *b, size_t n);

/* Appends; 0 or the buffer's error. */
int rd_buf_put(struct rd_buf *b, const void *p, size_t n);
int rd_buf_put_slice(struct rd_buf *b, struct rd_slice s);
int rd_buf_put_str(struct rd_buf *b, const char *s);
int rd_buf_put_char(struct rd_buf *b, char c);
int rd_buf_printf(struct rd_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Removes the first n bytes. */
void rd_buf_consume(struct rd_buf *b, size_t n);

static inline struct rd_slice
rd_buf_slice(const struct rd_buf *b)
{
    return rd_slice_make(b->p, b->n);
}

#endif
