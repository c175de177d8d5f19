/* form.c - see form.h. Pure; called from gateway (DECODE, `text`, late replies). */
#include "http/form.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/percent.h"
#include "base/utf8.h"

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

static size_t
form_count(struct rd_slice form)
{
    struct rd_slice pair;
    size_t n = 0;

    while (form_next(&form, &pair))
        n++;
    return n;
}

/* Decodes into *room and takes what it used; repairs what is no UTF-8. */
static int
form_text(struct rd_slice raw, char **room, struct rd_arena *a, struct rd_slice *out)
{
    struct rd_slice bytes = rd_slice_make(*room, rd_percent_decode(raw, *room));

    *room += bytes.n;
    *out = rd_utf8_repair(bytes, a);
    return out->p == NULL ? RD_E_NOMEM : 0;
}

int
rd_form_decode(struct rd_slice form, size_t max, struct rd_arena *a, struct rd_params *out)
{
    size_t n = form_count(form);
    struct rd_slice pair;
    char *room;
    int error = 0;

    *out = (struct rd_params){ NULL, 0 };
    if (n == 0)
        return 0;
    if (n > max)
        return RD_E_TOO_BIG;
    if (n > SIZE_MAX / sizeof *out->at)
        return RD_E_NOMEM;
    out->at = rd_arena_alloc(a, n * sizeof *out->at);
    room = rd_arena_alloc(a, form.n);    /* decoded text is never longer */
    if (out->at == NULL || room == NULL)
        return RD_E_NOMEM;
    while (error == 0 && form_next(&form, &pair)) {
        struct rd_param *p = &out->at[out->n];
        size_t equals = rd_slice_find(pair, '=');

        error = form_text(rd_slice_make(pair.p, equals), &room, a, &p->name);
        if (error == 0)
            error = form_text(rd_slice_skip(pair, equals + 1), &room, a, &p->value);
        out->n += error == 0;
    }
    return error;
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
