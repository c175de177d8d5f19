/*
 * slice.h - a pointer and a length: bytes that somebody else owns.
 *
 * Slices are passed by value and never freed. They may hold any byte, NUL too.
 * Whoever keeps one longer than a call copies it into an arena first.
 */
#ifndef RD_BASE_SLICE_H
#define RD_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct rd_slice {
    const char *p;
    size_t n;
};

/* A slice of a string literal, without its NUL. */
#define RD_LIT(s) ((struct rd_slice){ "" s, sizeof(s) - 1 })

/* printf: "%.*s" with RD_PRI(slice). */
#define RD_PRI(s) (int)(s).n, (s).p

static inline struct rd_slice
rd_slice_make(const char *p, size_t n)
{
    return (struct rd_slice){ p, n };
}

/* A slice of a C string; NULL gives the empty slice with p == NULL. */
static inline struct rd_slice
rd_slice_str(const char *s)
{
    return (struct rd_slice){ s, s ? strlen(s) : 0 };
}

static inline bool
rd_slice_eq(struct rd_slice a, struct rd_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
rd_slice_starts(struct rd_slice s, struct rd_slice prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* The slice without its first n bytes (all of it when n is larger). */
static inline struct rd_slice
rd_slice_skip(struct rd_slice s, size_t n)
{
    n = n < s.n ? n : s.n;
    return (struct rd_slice){ n > 0 ? s.p + n : s.p, s.n - n };    /* NULL + 0 is undefined */
}

/* Byte order, shorter first among equals: <0, 0, >0 as memcmp. */
int rd_slice_cmp(struct rd_slice a, struct rd_slice b);

/* Equality that ignores the case of ASCII letters. */
bool rd_slice_eq_nocase(struct rd_slice a, struct rd_slice b);

/* Position of the first byte c, or s.n when there is none. */
size_t rd_slice_find(struct rd_slice s, char c);

/* Without leading and trailing ASCII white space (space, TAB, CR, LF, VT, FF). */
struct rd_slice rd_slice_trim(struct rd_slice s);

#endif
