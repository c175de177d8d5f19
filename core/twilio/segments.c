/* segments.c - see segments.h. Pure; called by gateway for replies and for replyd.text. */
#include "twilio/segments.h"

#include "base/fold.h"
#include "base/utf8.h"
#include "twilio/grapheme.h"

#define SEGMENTS_BYTES 4    /* more than any UTF-16 unit takes in UTF-8 */

/* ---- the alphabet of GSM-7 ---------------------------------------------------------- */

/* Septets of the ASCII characters. */
static unsigned
segments_ascii(uint32_t point)
{
    switch (point) {
    case '\n': case '\r':
        return 1;
    case '\f': case '[': case '\\': case ']': case '^': case '{': case '|': case '}': case '~':
        return 2;
    case '`': case 0x7F:
        return 0;
    }
    return point >= ' ';
}

/* The one-septet characters beyond ASCII, sorted. */
static const uint16_t segments_basic[] = {
    0xA1, 0xA3, 0xA4, 0xA5, 0xA7, 0xBF, 0xC4, 0xC5, 0xC6, 0xC7, 0xC9, 0xD1, 0xD6, 0xD8, 0xDC,
    0xDF, 0xE0, 0xE4, 0xE5, 0xE6, 0xE8, 0xE9, 0xEC, 0xF1, 0xF2, 0xF6, 0xF8, 0xF9, 0xFC,
    0x393, 0x394, 0x398, 0x39B, 0x39E, 0x3A0, 0x3A3, 0x3A6, 0x3A8, 0x3A9,
};

unsigned
rd_segments_septets(uint32_t point)
{
    if (point < 0x80)
        return segments_ascii(point);
    if (point == 0x20AC)    /* the euro sign */
        return 2;
    for (size_t i = 0; i < sizeof segments_basic / sizeof segments_basic[0]; i++)
        if (segments_basic[i] == point)
            return 1;
    return 0;
}

/* ---- characters ---------------------------------------------------------------------- */

/* Plain letters, digits and blanks: never part of a larger character unless a mark follows. */
static bool
segments_is_plain(struct rd_slice s)
{
    return (unsigned char)s.p[0] >= ' ' && (unsigned char)s.p[0] < 0x7F &&
           (s.n == 1 || (unsigned char)s.p[1] < 0x80);
}

/* Bytes of the first character, and its septets: 0 when GSM-7 does not have it or it is made of
 * several code points. CR LF is two characters. */
static size_t
segments_next(struct rd_slice s, unsigned *septets)
{
    uint32_t point;
    size_t n;

    if (segments_is_plain(s) || s.p[0] == '\r') {
        *septets = segments_ascii((unsigned char)s.p[0]);
        return 1;
    }
    n = rd_grapheme_next(s);
    *septets = rd_utf8_decode(s, &point) == n && point != RD_UTF8_INVALID
        ? rd_segments_septets(point) : 0;
    return n;
}

/* ---- counting -------------------------------------------------------------------------- */

/* Segments as they fill up. */
struct segments_fill {
    size_t one, each;    /* units of a text's only segment, and of one of several */
    size_t count, used;
    size_t kept;         /* of the first one: what stays in it when a second is needed */
};

static void
segments_add(struct segments_fill *f, size_t units)
{
    if (f->used + units > (f->count == 1 ? f->one : f->each)) {
        f->used = f->count == 1 ? f->used - f->kept : 0;    /* the rest moves on with it */
        f->count++;
    }
    f->used += units;
    if (f->count == 1 && f->used <= f->each)
        f->kept = f->used;
}

static struct rd_slice
segments_forced_by(struct rd_slice text)
{
    unsigned septets;
    size_t n;

    for (; text.n > 0; text = rd_slice_skip(text, n)) {
        n = segments_next(text, &septets);
        if (septets == 0)
            return rd_slice_make(text.p, n);
    }
    return rd_slice_make(NULL, 0);
}

struct rd_segments
rd_segments_count(struct rd_slice text)
{
    struct rd_segments s = { .forced_by = segments_forced_by(text) };
    struct segments_fill f = { .one = 160, .each = 153, .count = 1 };
    unsigned septets;
    size_t n;

    s.ucs2 = s.forced_by.p != NULL;
    if (s.ucs2) {
        f.one = 70;
        f.each = 67;
    }
    for (; text.n > 0; text = rd_slice_skip(text, n)) {
        size_t units;

        n = segments_next(text, &septets);
        units = s.ucs2 ? rd_utf8_units(rd_slice_make(text.p, n)) : septets;
        segments_add(&f, units);
        s.units += units;
    }
    s.count = f.count;
    return s;
}

const char *
rd_segments_encoding(const struct rd_segments *s)
{
    return s->ucs2 ? "UCS-2" : "GSM-7";
}

/* ---- pieces ------------------------------------------------------------------------------ */

/* Bytes of the code points at the start of a character that fit; at least one of them. */
static size_t
segments_cut(struct rd_slice c, size_t most)
{
    size_t at = 0, units = 0;

    while (at < c.n) {
        uint32_t point;
        size_t n = rd_utf8_decode(rd_slice_skip(c, at), &point);

        units += point != RD_UTF8_INVALID && point > 0xFFFF ? 2 : 1;
        if (units > most && at > 0)
            break;
        at += n;
    }
    return at;
}

size_t
rd_segments_head(struct rd_slice text, size_t most)
{
    size_t at = 0, units = 0, word = 0;
    bool seen = false;    /* anything but blanks: a word ends at a blank that follows one */

    while (at < text.n) {
        struct rd_slice rest = rd_slice_skip(text, at), c;
        uint32_t point;

        /* a longer character is cut: no need to look to its end again and again */
        if (most < rest.n / SEGMENTS_BYTES)
            rest.n = (most + 1) * SEGMENTS_BYTES;
        c = rd_slice_make(rest.p, rd_grapheme_next(rest));
        units += rd_utf8_units(c);
        if (units > most)
            return word > 0 ? word : at > 0 ? at : segments_cut(c, most);
        at += c.n;
        rd_utf8_decode(c, &point);
        if (!rd_text_is_blank(point))
            seen = true;
        else if (seen)
            word = at;
    }
    return text.n;
}
