/* utf8.c - see utf8.h. Pure; called from http (forms), twilio (TwiML), gateway (limits). */
#include "base/utf8.h"

#define UTF8_HIGH_BITS UINT64_C(0x8080808080808080)

static unsigned char
utf8_byte(struct rd_slice s, size_t i)
{
    return i < s.n ? (unsigned char)s.p[i] : 0;
}

/* Sequence length by lead byte and the range that its second byte must be in (table 3-7). */
static size_t
utf8_lead(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    if (lead >= 0xF0 && lead <= 0xF4)
        return 4;
    return 0;
}

size_t
rd_utf8_decode(struct rd_slice s, uint32_t *point)
{
    unsigned char lead = (unsigned char)s.p[0], low, high;
    size_t n = utf8_lead(lead, &low, &high);
    uint32_t value;

    if (lead < 0x80) {
        *point = lead;
        return 1;
    }
    *point = RD_UTF8_INVALID;
    if (n == 0)
        return 1;
    value = lead & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        unsigned char c = utf8_byte(s, i);

        if (c < low || c > high)
            return i;
        value = value << 6 | (c & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    *point = value;
    return n;
}

/* Production Char, for what is no surrogate. */
static bool
utf8_is_forbidden(uint32_t point)
{
    return (point < ' ' && point != '\t' && point != '\n' && point != '\r')
        || point == 0xFFFE || point == 0xFFFF;
}

static bool
utf8_is_surrogate(struct rd_slice s)
{
    return s.n >= 3 && (unsigned char)s.p[0] == 0xED && ((unsigned char)s.p[1] & 0xE0) == 0xA0
        && ((unsigned char)s.p[2] & 0xC0) == 0x80;
}

size_t
rd_utf8_forbidden(struct rd_slice s)
{
    uint32_t point;
    size_t n = rd_utf8_decode(s, &point);

    if (point == RD_UTF8_INVALID)
        return utf8_is_surrogate(s) ? 3 : 0;
    return utf8_is_forbidden(point) ? n : 0;
}

size_t
rd_utf8_encode(uint32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xC0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xE0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

/* Nearly all text of a webhook is ASCII: eight bytes at a time. */
static size_t
utf8_ascii_prefix(struct rd_slice s)
{
    size_t i = 0;
    uint64_t word;

    for (; i + sizeof word <= s.n; i += sizeof word) {
        memcpy(&word, s.p + i, sizeof word);
        if (word & UTF8_HIGH_BITS)
            break;
    }
    while (i < s.n && (unsigned char)s.p[i] < 0x80)
        i++;
    return i;
}

size_t
rd_utf8_valid_prefix(struct rd_slice s)
{
    size_t i = utf8_ascii_prefix(s);
    uint32_t point;

    while (i < s.n) {
        size_t n = rd_utf8_decode(rd_slice_skip(s, i), &point);

        if (point == RD_UTF8_INVALID)
            return i;
        i += n;
        i += utf8_ascii_prefix(rd_slice_skip(s, i));
    }
    return i;
}

struct rd_slice
rd_utf8_repair(struct rd_slice s, struct rd_arena *a)
{
    size_t n = rd_utf8_valid_prefix(s), used = n;
    uint32_t point;
    char *p;

    if (n == s.n)
        return s;
    if (s.n - n > (SIZE_MAX - n) / 3)
        return rd_slice_make(NULL, 0);
    p = rd_arena_alloc(a, n + 3 * (s.n - n));    /* the worst: every byte becomes the 3 of U+FFFD */
    if (p == NULL)
        return rd_slice_make(NULL, 0);
    if (n > 0)
        memcpy(p, s.p, n);
    for (size_t i = n; i < s.n; i += n) {
        n = rd_utf8_decode(rd_slice_skip(s, i), &point);
        used += rd_utf8_encode(point == RD_UTF8_INVALID ? RD_UTF8_REPLACEMENT : point, p + used);
    }
    return rd_slice_make(p, used);
}

size_t
rd_utf8_units(struct rd_slice s)
{
    size_t units = 0;
    uint32_t point;

    while (s.n > 0) {
        size_t ascii = utf8_ascii_prefix(s);

        units += ascii;
        s = rd_slice_skip(s, ascii);
        if (s.n == 0)
            break;
        s = rd_slice_skip(s, rd_utf8_decode(s, &point));
        units += point != RD_UTF8_INVALID && point > 0xFFFF ? 2 : 1;
    }
    return units;
}
