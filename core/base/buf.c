/* buf.c - see buf.h. Owns the bytes of each buffer; called from anywhere. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

#define BUF_FIRST 256    /* first allocation: a TwiML answer or a log line fits */

void
rd_buf_init(struct rd_buf *b, size_t limit)
{
    *b = (struct rd_buf){ .limit = limit };
}

void
rd_buf_free(struct rd_buf *b)
{
    free(b->p);
    *b = (struct rd_buf){ .limit = b->limit };
}

void
rd_buf_reset(struct rd_buf *b)
{
    b->n = 0;
    b->error = 0;
}

static int
buf_grow(struct rd_buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : BUF_FIRST;
    char *p;

    while (cap < need)
        cap *= 2;
    if (cap > b->limit)
        cap = b->limit;
    p = realloc(b->p, cap);
    if (p == NULL)
        return RD_E_NOMEM;
    b->p = p;
    b->cap = cap;
    return 0;
}

char *
rd_buf_reserve(struct rd_buf *b, size_t n)
{
    if (b->error == 0 && n > b->limit - b->n)
        b->error = RD_E_TOO_BIG;
    if (b->error == 0 && (b->p == NULL || n > b->cap - b->n))
        b->error = buf_grow(b, b->n + n);
    return b->error ? NULL : b->p + b->n;
}

int
rd_buf_put(struct rd_buf *b, const void *p, size_t n)
{
    char *to = n ? rd_buf_reserve(b, n) : NULL;

    if (to != NULL) {
        memcpy(to, p, n);
        b->n += n;
    }
    return b->error;
}

int
rd_buf_put_slice(struct rd_buf *b, struct rd_slice s)
{
    return rd_buf_put(b, s.p, s.n);
}

int
rd_buf_put_str(struct rd_buf *b, const char *s)
{
    return rd_buf_put(b, s, strlen(s));
}

int
rd_buf_put_char(struct rd_buf *b, char c)
{
    return rd_buf_put(b, &c, 1);
}

int
rd_buf_printf(struct rd_buf *b, const char *format, ...)
{
    va_list ap;
    int n;
    char *to;

    va_start(ap, format);
    n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0)
        return b->error = RD_E_INVALID;
    to = rd_buf_reserve(b, (size_t)n + 1);    /* vsnprintf writes a NUL that is not counted */
    if (to == NULL)
        return b->error;
    va_start(ap, format);
    vsnprintf(to, (size_t)n + 1, format, ap);
    va_end(ap);
    b->n += (size_t)n;
    return 0;
}

void
rd_buf_consume(struct rd_buf *b, size_t n)
{
    n = n < b->n ? n : b->n;
    b->n -= n;
    if (b->n > 0)
        memmove(b->p, b->p + n, b->n);
}
