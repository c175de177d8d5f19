/*
 * segments.c - fuzz target: any bytes as a text that is counted and split.
 *
 * Characters are whole and together the text; the count is at least what the
 * units need and no more than if each character had a segment; pieces keep to
 * their limit and give the text again. Run: tests/fuzz/run segments.
 */
#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"
#include "twilio/grapheme.h"
#include "twilio/segments.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

/* How many characters; each ends where a code point or an invalid stretch does. */
static size_t
segments_characters(struct rd_slice text)
{
    size_t characters = 0;

    for (; text.n > 0; characters++) {
        size_t n = rd_grapheme_next(text), at = 0;
        uint32_t point;

        RD_ASSERT(n > 0 && n <= text.n);
        while (at < n)
            at += rd_utf8_decode(rd_slice_skip(text, at), &point);
        RD_ASSERT(at == n);
        text = rd_slice_skip(text, n);
    }
    return characters;
}

static void
segments_count(struct rd_slice text)
{
    struct rd_segments s = rd_segments_count(text);
    size_t one = s.ucs2 ? 70 : 160, each = s.ucs2 ? 67 : 153;
    size_t characters = segments_characters(text);

    RD_ASSERT(s.count >= 1 && s.count <= characters + 2);    /* CR LF is one character there */
    RD_ASSERT(s.ucs2 == (s.forced_by.n > 0));
    if (s.ucs2) {
        RD_ASSERT(s.units == rd_utf8_units(text));
        RD_ASSERT(s.forced_by.p >= text.p && s.forced_by.p + s.forced_by.n <= text.p + text.n);
    }
    if (s.units <= one)
        RD_ASSERT(s.count == 1 || s.ucs2);
    else
        RD_ASSERT(s.count > 1);
    if (!s.ucs2)    /* a segment may stay short by half an extension character */
        RD_ASSERT(s.units <= one || s.count <= s.units / (each - 1) + 1);
}

static void
segments_split(struct rd_slice text, size_t most)
{
    while (text.n > 0) {
        size_t n = rd_segments_head(text, most);

        RD_ASSERT(n > 0 && n <= text.n);
        RD_ASSERT(rd_utf8_units(rd_slice_make(text.p, n)) <= most || most < 2);
        text = rd_slice_skip(text, n);
    }
}

/* What was smartened is not smartened again. */
static void
segments_smarten(struct rd_slice text)
{
    while (text.n > 0) {
        struct rd_slice piece, again;
        size_t n = rd_segments_smarten(text, &piece);

        RD_ASSERT(n > 0 && n <= text.n);
        if (piece.n == 1)
            RD_ASSERT(rd_segments_smarten(piece, &again) == 1);
        text = rd_slice_skip(text, n);
    }
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    struct rd_slice text;

    if (n == 0)
        return 0;
    text = rd_slice_make((const char *)data + 1, n - 1);
    segments_count(text);
    segments_split(text, (size_t)data[0] + 1);
    segments_smarten(text);
    return 0;
}
