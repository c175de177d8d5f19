/* form.c - see form.h. Pure; called from gateway (DECODE, `text`, late replies). */
#include "http/form.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/percent.h"
#include "base/utf8.h"

#define FORM_FEW 64    /* parameters for which room is taken without looking twice */
#define FORM_ONES UINT64_C(0x0101010101010101)
#define FORM_LOW (FORM_ONES * 0x7F)
#define FORM_HIGH (FORM_ONES * 0x80)

/* Takes the next pair off *form; false at its end. Empty pairs are no pairs. */
static bool
form_next(struct rd_slice *form, struct rd_slice *pair)
{
    while (form->n > 0) {
        size_t end = rd_slice_find(*form, '&');

        *pair = rd_slice_make(form->p, end);
        *form = rd_slice_skip(*form, end + 1);
        if (pair->n > 0)
            return true;
    }
    return false;
}

/* The high bit of each byte of word that is c. */
static uint64_t
form_equal(uint64_t word, char c)
{
    word ^= FORM_ONES * (unsigned char)c;
    return ~(((word & FORM_LOW) + FORM_LOW) | word | FORM_LOW);
}

/* How often '&' stands in s, eight bytes at a time. */
static size_t
form_ampersands(struct rd_slice s)
{
    size_t n = 0, i = 0;
    uint64_t word;

    for (; i + sizeof word <= s.n; i += sizeof word) {
        memcpy(&word, s.p + i, sizeof word);
        n += (size_t)((form_equal(word, '&') >> 7) * FORM_ONES >> 56);
    }
    for (; i < s.n; i++)
        n += s.p[i] == '&';
    return n;
}

/* Room for so many parameters: exact where it is many. */
static size_t
form_count(struct rd_slice form)
{
    size_t n = form_ampersands(form) + 1;
    struct rd_slice pair;

    if (n <= FORM_FEW)
        return n;
    for (n = 0; form_next(&form, &pair);)
        n++;
    return n;
}

/* Of the form, what is left of it; of the texts, where the next goes. */
struct form_reader {
    struct rd_slice form;
    char *room;        /* as long as what is left of the form, at least */
    uint64_t any;      /* all decoded bytes or'ed, eight side by side: no high bit, all ASCII */
};

static void
reader_put(struct form_reader *r, char c)
{
    *r->room++ = c;
    r->any |= (unsigned char)c;
}

/*
 * Copies what stands for itself, eight bytes at a time; how many: to one of "%&+=", or near the
 * end of s.
 */
static size_t
reader_plain(struct form_reader *r, struct rd_slice s)
{
    uint64_t word, other;
    size_t n = 8, done = 0;

    for (; n == 8 && s.n - done >= 8; done += n) {
        memcpy(&word, s.p + done, 8);
        memcpy(r->room, &word, 8);
        word = le64toh(word);
        other = form_equal(word, '%') | form_equal(word, '&') | form_equal(word, '+') |
                form_equal(word, '=');
        if (other != 0) {
            n = (size_t)__builtin_ctzll(other) / 8;
            word &= (other & -other) - 1;    /* the other byte without its high bit */
        }
        r->any |= word;
        r->room += n;
    }
    return done;
}

/* Decodes up to "&", or "=" in a name. */
static struct rd_slice
reader_text(struct form_reader *r, bool is_name)
{
    struct rd_slice form = r->form, text = { r->room, 0 };
    size_t i;

    for (i = reader_plain(r, form); i < form.n; i += reader_plain(r, rd_slice_skip(form, i))) {
        char c = form.p[i];

        if (c == '&' || (c == '=' && is_name))
            break;
        if (c == '%') {
            size_t n = form.n - i < 3 ? form.n - i : 3;
            size_t used = rd_percent_decode(rd_slice_make(form.p + i, n), r->room);

            r->any |= (unsigned char)*r->room;
            i += used == 1 ? n : 1;
            r->room++;    /* a bad escape's other bytes are for the next turns */
        } else {
            reader_put(r, c == '+' ? ' ' : c);
            i++;
        }
    }
    r->form = rd_slice_skip(form, i);
    text.n = (size_t)(r->room - text.p);
    return text;
}

static void
reader_pair(struct form_reader *r, struct rd_param *p)
{
    p->name = reader_text(r, true);
    if (r->form.n > 0 && r->form.p[0] == '=')
        r->form = rd_slice_skip(r->form, 1);
    p->value = reader_text(r, false);
}

/* Repairs what is no UTF-8. */
static int
form_repair(struct rd_params *params, struct rd_arena *a)
{
    for (size_t i = 0; i < params->n; i++) {
        params->at[i].name = rd_utf8_repair(params->at[i].name, a);
        params->at[i].value = rd_utf8_repair(params->at[i].value, a);
        if (params->at[i].name.p == NULL || params->at[i].value.p == NULL)
            return RD_E_NOMEM;
    }
    return 0;
}

size_t
rd_form_room(struct rd_slice form)
{
    size_t align = _Alignof(max_align_t);

    return (form_ampersands(form) + 1) * sizeof(struct rd_param) +
           (form.n + align - 1) / align * align;
}

int
rd_form_decode(struct rd_slice form, size_t max, struct rd_arena *a, struct rd_params *out)
{
    struct form_reader r = { form, NULL, 0 };
    size_t n = form_count(form);

    *out = (struct rd_params){ NULL, 0 };
    if (form.n == 0)
        return 0;
    if (n > FORM_FEW && n > max)
        return RD_E_TOO_BIG;
    if (n > SIZE_MAX / sizeof *out->at)
        return RD_E_NOMEM;
    out->at = rd_arena_alloc(a, n * sizeof *out->at);
    r.room = rd_arena_alloc(a, form.n);    /* decoded text is never longer */
    if (out->at == NULL || r.room == NULL)
        return RD_E_NOMEM;
    while (r.form.n > 0) {
        if (r.form.p[0] == '&')    /* empty pairs are no pairs */
            r.form = rd_slice_skip(r.form, 1);
        else if (out->n < max)
            reader_pair(&r, &out->at[out->n++]);
        else
            return RD_E_TOO_BIG;
    }
    return r.any & FORM_HIGH ? form_repair(out, a) : 0;
}

static bool
form_is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
        || c == '-' || c == '.' || c == '_' || c == '~';
}

static void
form_encode_text(struct rd_slice s, struct rd_buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    char escape[3] = "%";

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (form_is_unreserved(s.p[i])) {
            rd_buf_put_char(out, s.p[i]);
        } else if (c == ' ') {
            rd_buf_put_char(out, '+');
        } else {
            escape[1] = digits[c >> 4];
            escape[2] = digits[c & 15];
            rd_buf_put(out, escape, sizeof escape);
        }
    }
}

void
rd_form_encode(const struct rd_params *params, struct rd_buf *out)
{
    for (size_t i = 0; i < params->n; i++) {
        if (i > 0)
            rd_buf_put_char(out, '&');
        form_encode_text(params->at[i].name, out);
        rd_buf_put_char(out, '=');
        form_encode_text(params->at[i].value, out);
    }
}
