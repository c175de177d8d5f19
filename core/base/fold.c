/* fold.c - see fold.h. Pure; called from twilio (fields), script and gateway (keywords). */
#include "base/fold.h"

#include "base/utf8.h"

/* Where letters stand in pairs, upper case first: the last bit tells the case. */
static const struct {
    uint32_t first, last;
    bool odd;    /* the upper-case letter is the odd one */
} fold_pairs[] = {
    { 0x0100, 0x012F, false }, { 0x0132, 0x0137, false }, { 0x0139, 0x0148, true },
    { 0x014A, 0x0177, false }, { 0x0179, 0x017E, true },
    { 0x1E00, 0x1E95, false }, { 0x1EA0, 0x1EFF, false },    /* Vietnamese and others */
};

/* Punctuation beyond ASCII that people type around words. */
static const struct {
    uint32_t first, last;
} fold_puncts[] = {
    { 0x00A1, 0x00A1 }, { 0x00A7, 0x00A7 }, { 0x00AB, 0x00AB }, { 0x00B6, 0x00B7 },
    { 0x00BB, 0x00BB }, { 0x00BF, 0x00BF }, { 0x060C, 0x060C }, { 0x061B, 0x061B },
    { 0x061F, 0x061F }, { 0x06D4, 0x06D4 }, { 0x0964, 0x0965 }, { 0x2010, 0x2027 },
    { 0x2030, 0x205E }, { 0x3001, 0x3003 }, { 0x3008, 0x3011 }, { 0x3014, 0x301F },
    { 0xFF01, 0xFF0F }, { 0xFF1A, 0xFF20 }, { 0xFF3B, 0xFF40 }, { 0xFF5B, 0xFF65 },
};

static const uint32_t fold_blanks[] = {
    0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
};

#define FOLD_COUNT(a) (sizeof(a) / sizeof(a)[0])

static uint32_t
fold_pair(uint32_t point)
{
    for (size_t i = 0; i < FOLD_COUNT(fold_pairs); i++)
        if (point >= fold_pairs[i].first && point <= fold_pairs[i].last)
            return (point & 1) == fold_pairs[i].odd ? point + 1 : point;
    return point;
}

uint32_t
rd_fold_point(uint32_t point)
{
    if (point < 0x80)
        return point >= 'A' && point <= 'Z' ? point + 32 : point;
    if (point >= 0xC0 && point <= 0xDE && point != 0xD7)
        return point + 32;
    switch (point) {    /* the letters whose partner lives elsewhere */
    case 0x0130: return 'i';       /* I with dot above */
    case 0x0178: return 0xFF;      /* Y with diaeresis */
    case 0x017F: return 's';       /* long s */
    case 0x1E9E: return 0xDF;      /* capital sharp s */
    }
    return fold_pair(point);
}

bool
rd_text_is_blank(uint32_t point)
{
    if (point < 0x80)
        return point == ' ' || (point >= '\t' && point <= '\r');
    if (point >= 0x2000 && point <= 0x200A)
        return true;
    for (size_t i = 0; i < FOLD_COUNT(fold_blanks); i++)
        if (point == fold_blanks[i])
            return true;
    return false;
}

static bool
fold_is_ascii_punct(uint32_t point)
{
    return (point >= '!' && point <= '/') || (point >= ':' && point <= '@')
        || (point >= '[' && point <= '`') || (point >= '{' && point <= '~');
}

bool
rd_text_is_punct(uint32_t point)
{
    if (point < 0x80)
        return fold_is_ascii_punct(point);
    for (size_t i = 0; i < FOLD_COUNT(fold_puncts); i++)
        if (point >= fold_puncts[i].first && point <= fold_puncts[i].last)
            return true;
    return false;
}

typedef bool (*fold_test)(uint32_t point);

static bool
fold_is_not_blank(uint32_t point)
{
    return !rd_text_is_blank(point);
}

/* Bytes at the start of s whose points pass the test. */
static size_t
fold_span(struct rd_slice s, fold_test test)
{
    size_t i = 0;
    uint32_t point;

    while (i < s.n) {
        size_t n = rd_utf8_decode(rd_slice_skip(s, i), &point);

        if (!test(point))
            break;
        i += n;
    }
    return i;
}

/* Where the last point of s (not empty) begins; its last byte when that belongs to none. */
static size_t
fold_last(struct rd_slice s)
{
    size_t at = s.n - 1;
    uint32_t point;

    while (at > 0 && s.n - at < 4 && ((unsigned char)s.p[at] & 0xC0) == 0x80)
        at--;
    return at + rd_utf8_decode(rd_slice_skip(s, at), &point) == s.n ? at : s.n - 1;
}

/* s without the points at its end that pass the test. */
static struct rd_slice
fold_trim_end(struct rd_slice s, fold_test test)
{
    uint32_t point;

    while (s.n > 0) {
        size_t at = fold_last(s);

        rd_utf8_decode(rd_slice_skip(s, at), &point);
        if (!test(point))
            break;
        s.n = at;
    }
    return s;
}

static struct rd_slice
fold_trim(struct rd_slice s, fold_test test)
{
    return fold_trim_end(rd_slice_skip(s, fold_span(s, test)), test);
}

struct rd_slice
rd_text_trim(struct rd_slice s)
{
    return fold_trim(s, rd_text_is_blank);
}

struct rd_slice
rd_text_word(struct rd_slice s, struct rd_slice *rest)
{
    struct rd_slice text = rd_text_trim(s), word, bare;

    word = rd_slice_make(text.p, fold_span(text, fold_is_not_blank));
    bare = fold_trim(word, rd_text_is_punct);
    if (rest != NULL)
        *rest = rd_text_trim(rd_slice_skip(text, word.n));
    return bare.n > 0 ? bare : word;
}

/* Folds one point of s to p, or copies an invalid stretch; bytes read, in *wrote those written. */
static size_t
fold_step(struct rd_slice s, char *p, size_t *wrote)
{
    uint32_t point;
    size_t n = rd_utf8_decode(s, &point);

    if (point == RD_UTF8_INVALID) {
        memcpy(p, s.p, n);
        *wrote = n;
    } else {
        *wrote = rd_utf8_encode(rd_fold_point(point), p);
    }
    return n;
}

struct rd_slice
rd_fold_copy(struct rd_slice s, struct rd_arena *a)
{
    char *p = rd_arena_alloc(a, s.n + 4);    /* folding never makes a text longer */
    size_t used = 0, wrote;

    if (p == NULL)
        return rd_slice_make(NULL, 0);
    while (s.n > 0) {
        s = rd_slice_skip(s, fold_step(s, p + used, &wrote));
        used += wrote;
    }
    return rd_slice_make(p, used);
}

struct rd_slice
rd_fold_key(struct rd_slice s, struct rd_arena *a)
{
    struct rd_slice text = rd_text_trim(s), bare = rd_text_trim(fold_trim(text, rd_text_is_punct));
    char *p = rd_arena_alloc(a, s.n + 4);
    size_t used = 0, wrote;

    if (p == NULL)
        return rd_slice_make(NULL, 0);
    if (bare.n == 0)
        bare = text;
    while (bare.n > 0) {
        size_t blank = fold_span(bare, rd_text_is_blank);

        if (blank > 0) {
            p[used++] = ' ';
            bare = rd_slice_skip(bare, blank);
        } else {
            bare = rd_slice_skip(bare, fold_step(bare, p + used, &wrote));
            used += wrote;
        }
    }
    return rd_slice_make(p, used);
}

/* Bytes of text that the key takes up, or 0 when text does not begin with it. */
static size_t
fold_match_bytes(struct rd_slice text, struct rd_slice key)
{
    struct rd_slice at = text;
    char folded[4] = " ";
    size_t take, n;

    while (key.n > 0) {
        take = fold_span(at, rd_text_is_blank);
        if (at.n == 0 || (take > 0) != (key.p[0] == ' '))
            return 0;
        if (take > 0)
            n = 1, folded[0] = ' ';
        else
            take = fold_step(at, folded, &n);
        if (!rd_slice_starts(key, rd_slice_make(folded, n)))
            return 0;
        at = rd_slice_skip(at, take);
        key = rd_slice_skip(key, n);
    }
    return text.n - at.n;
}

/* Matches at the very start of text; punctuation may follow, then comes white space or the end. */
static bool
fold_match_at(struct rd_slice text, struct rd_slice key, struct rd_slice *rest)
{
    size_t n = fold_match_bytes(text, key);
    struct rd_slice after = rd_slice_skip(text, n);

    if (n == 0)
        return false;
    after = rd_slice_skip(after, fold_span(after, rd_text_is_punct));
    if (after.n > 0 && fold_span(after, rd_text_is_blank) == 0)
        return false;
    if (rest != NULL)
        *rest = rd_text_trim(after);
    return true;
}

bool
rd_fold_match(struct rd_slice text, struct rd_slice key, struct rd_slice *rest)
{
    struct rd_slice start = rd_text_trim(text);

    /* as it stands first: a key of punctuation alone ("?") must find itself */
    return fold_match_at(start, key, rest)
        || fold_match_at(rd_slice_skip(start, fold_span(start, rd_text_is_punct)), key, rest);
}
