/* percent.c - see percent.h. Pure; called from http (forms) and twilio (bodySHA256). */
#include "base/percent.h"

static int
percent_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte of an escape at s, or -1 when it is none. */
static int
percent_escape(struct rd_slice s)
{
    int high = s.n >= 3 ? percent_digit(s.p[1]) : -1;
    int low = high >= 0 ? percent_digit(s.p[2]) : -1;

    return low >= 0 ? high * 16 + low : -1;
}

size_t
rd_percent_decode(struct rd_slice s, char *to)
{
    size_t used = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int byte = percent_escape(rd_slice_skip(s, i));

            if (byte >= 0) {
                c = (char)byte;
                i += 2;
            }
        }
        to[used++] = c;
    }
    return used;
}
