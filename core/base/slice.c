/* slice.c - the longer functions of slice.h. No state; called from anywhere. */
#include "base/slice.h"

static char
slice_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool
slice_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int
rd_slice_cmp(struct rd_slice a, struct rd_slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int d = n ? memcmp(a.p, b.p, n) : 0;

    if (d != 0)
        return d;
    return (a.n > b.n) - (a.n < b.n);
}

bool
rd_slice_eq_nocase(struct rd_slice a, struct rd_slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (slice_lower(a.p[i]) != slice_lower(b.p[i]))
            return false;
    return true;
}

size_t
rd_slice_find(struct rd_slice s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

    return at ? (size_t)(at - s.p) : s.n;
}

struct rd_slice
rd_slice_trim(struct rd_slice s)
{
    while (s.n > 0 && slice_is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && slice_is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}
