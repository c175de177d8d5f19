/*
 * twiml_text.c - see twiml_text.h. Reads any server's TwiML, so it takes more than
 * our own writer gives: attributes, comments, CDATA, entities. Called by cmd_text.
 */
#include "app/twiml_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/utf8.h"

struct twiml_text {
    struct rd_slice rest;
    const char *indent;
    struct rd_buf *out;
    size_t messages;
    bool response;          /* <Response> was seen */
    struct rd_buf text;     /* character data since the last tag */
};

/* ---- pieces of XML ---------------------------------------------------------------- */

static const struct {
    struct rd_slice name;
    char c;
} twiml_entities[] = {
    { RD_LIT("amp"), '&' }, { RD_LIT("lt"), '<' }, { RD_LIT("gt"), '>' },
    { RD_LIT("quot"), '"' }, { RD_LIT("apos"), '\'' },
};

/* name is what stands between & and ;. */
static void
twiml_put_entity(struct rd_buf *out, struct rd_slice name)
{
    char utf8[4];
    unsigned long point;

    for (size_t i = 0; i < sizeof twiml_entities / sizeof *twiml_entities; i++)
        if (rd_slice_eq(name, twiml_entities[i].name)) {
            rd_buf_put_char(out, twiml_entities[i].c);
            return;
        }
    if (name.n < 2 || name.p[0] != '#')
        return;
    point = name.p[1] == 'x' ? strtoul(name.p + 2, NULL, 16) : strtoul(name.p + 1, NULL, 10);
    if (point > 0 && point <= 0x10ffff)
        rd_buf_put(out, utf8, rd_utf8_encode((uint32_t)point, utf8));
}

static void
twiml_put_characters(struct rd_buf *out, struct rd_slice s)
{
    while (s.n > 0) {
        size_t plain = rd_slice_find(s, '&'), end;

        rd_buf_put(out, s.p, plain);
        s = rd_slice_skip(s, plain);
        if (s.n == 0)
            break;
        end = rd_slice_find(s, ';');
        if (end == s.n) {    /* no entity */
            rd_buf_put_slice(out, s);
            break;
        }
        twiml_put_entity(out, rd_slice_make(s.p + 1, end - 1));
        s = rd_slice_skip(s, end + 1);
    }
}

/* The text without what would move a terminal's cursor; line breaks are followed by the indent. */
static void
twiml_put_line(struct twiml_text *t, struct rd_slice text)
{
    if (t->out->n > 0)
        rd_buf_printf(t->out, "\n%s", t->indent);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n')
            rd_buf_printf(t->out, "\n%s", t->indent);
        else if ((unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f)
            rd_buf_put_char(t->out, text.p[i]);
    }
}

static void
twiml_put_labelled(struct twiml_text *t, const char *label, struct rd_slice text)
{
    struct rd_buf line;

    rd_buf_init(&line, text.n + 64);
    rd_buf_printf(&line, "[%s] ", label);
    rd_buf_put_slice(&line, text);
    twiml_put_line(t, rd_buf_slice(&line));
    rd_buf_free(&line);
}

/* ---- elements ------------------------------------------------------------------------ */

static bool
twiml_is(struct rd_slice tag, struct rd_slice name)
{
    return rd_slice_starts(tag, name)
        && (tag.n == name.n || tag.p[name.n] <= ' ' || tag.p[name.n] == '/');
}

/* An element has ended: what stood in it is printed. */
static void
twiml_on_close(struct twiml_text *t, struct rd_slice tag)
{
    struct rd_slice text = rd_buf_slice(&t->text);

    if (twiml_is(tag, RD_LIT("Body")) || (twiml_is(tag, RD_LIT("Message")) && text.n > 0))
        twiml_put_line(t, text);
    else if (twiml_is(tag, RD_LIT("Media")))
        twiml_put_labelled(t, "media", text);
    else if (twiml_is(tag, RD_LIT("Redirect")))
        twiml_put_labelled(t, "redirect", text);
    rd_buf_reset(&t->text);
}

static void
twiml_on_open(struct twiml_text *t, struct rd_slice tag)
{
    t->response |= twiml_is(tag, RD_LIT("Response"));
    if (twiml_is(tag, RD_LIT("Message")) || twiml_is(tag, RD_LIT("Redirect")))
        t->messages++;
    rd_buf_reset(&t->text);
}

/* Skips a comment or takes a CDATA section; false when it is a tag. */
static bool
twiml_special(struct twiml_text *t)
{
    const struct rd_slice cdata = RD_LIT("<![CDATA["), comment = RD_LIT("<!--");
    bool is_cdata = rd_slice_starts(t->rest, cdata);
    struct rd_slice after;
    char *end;

    if (!is_cdata && !rd_slice_starts(t->rest, comment))
        return false;
    after = rd_slice_skip(t->rest, is_cdata ? cdata.n : comment.n);
    end = after.n ? memmem(after.p, after.n, is_cdata ? "]]>" : "-->", 3) : NULL;
    if (is_cdata && end != NULL)
        rd_buf_put(&t->text, after.p, (size_t)(end - after.p));
    t->rest = end ? rd_slice_skip(after, (size_t)(end - after.p) + 3) : rd_slice_make(NULL, 0);
    return true;
}

static void
twiml_step(struct twiml_text *t)
{
    size_t plain = rd_slice_find(t->rest, '<'), end;
    struct rd_slice tag;

    twiml_put_characters(&t->text, rd_slice_make(t->rest.p, plain));
    t->rest = rd_slice_skip(t->rest, plain);
    if (t->rest.n == 0 || twiml_special(t))
        return;
    end = rd_slice_find(t->rest, '>');
    tag = rd_slice_make(t->rest.p + 1, end - 1);
    if (tag.n > 0 && tag.p[0] == '/') {
        twiml_on_close(t, rd_slice_skip(tag, 1));
    } else if (tag.n > 0 && tag.p[0] != '?' && tag.p[0] != '!') {
        twiml_on_open(t, tag);
        if (tag.p[tag.n - 1] == '/')
            twiml_on_close(t, tag);
    }
    t->rest = rd_slice_skip(t->rest, end + 1);
}

int
rd_twiml_text(struct rd_slice xml, const char *indent, struct rd_buf *out)
{
    struct twiml_text t = { .rest = xml, .indent = indent, .out = out };

    rd_buf_init(&t.text, xml.n * 4 + 16);
    while (t.rest.n > 0)
        twiml_step(&t);
    rd_buf_free(&t.text);
    if (t.response && t.messages == 0)
        rd_buf_put_str(out, "(no reply)");
    return t.response ? 0 : RD_E_INVALID;
}
