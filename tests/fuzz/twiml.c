/*
 * twiml.c - fuzz target: any reply becomes well-formed XML that says the same.
 *
 * Input: pieces of one letter, one length byte and that many bytes (see reply_piece).
 * A strict checker reads the document and writes what it found as a list of
 * events; the same list is made from the reply, its texts sanitised the naive way.
 * Run: tests/fuzz/run twiml.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"
#include "twilio/twiml.h"

#define TWIML_HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

/* ---- the reply ------------------------------------------------------------------ */

static void
reply_piece(struct rd_reply *r, char what, struct rd_slice text)
{
    struct rd_reply_message *m = r->n > 0 ? &r->messages[r->n - 1] : NULL;

    if (what == 'M' && r->n < 100)
        RD_ASSERT(rd_reply_add(r) != NULL);
    else if (what == 'R')
        r->redirect = text;
    else if (what == 'r')
        r->redirect_method = text;
    if (m == NULL)
        return;
    switch (what) {
    case 'b': m->body = text; break;
    case 'n': m->nouns = true; break;
    case 't': m->to = text; break;
    case 'f': m->from = text; break;
    case 'a': m->action = text; break;
    case 'h': m->method = text; break;
    case 's': m->status_callback = text; break;
    case 'm':
        if (m->n_media < RD_REPLY_MEDIA_ROOM)
            m->media[m->n_media++] = text;
        break;
    }
}

static void
reply_read(struct rd_reply *r, const unsigned char *data, size_t n)
{
    while (n >= 2) {
        size_t length = data[1] < n - 2 ? data[1] : n - 2;

        reply_piece(r, (char)data[0], rd_slice_make((const char *)data + 2, length));
        data += 2 + length;
        n -= 2 + length;
    }
}

/* ---- what must be found ----------------------------------------------------------- */

static bool
xml_allows(uint32_t c)
{
    return c == 9 || c == 10 || c == 13 || (c >= 0x20 && c <= 0xD7FF)
        || (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

/* One character at a time: surrogates of three bytes and forbidden ones out, bad bytes replaced. */
static void
expect_text(struct rd_buf *b, struct rd_slice s)
{
    uint32_t point;

    while (s.n > 0) {
        size_t n = rd_utf8_decode(s, &point);
        const unsigned char *p = (const unsigned char *)s.p;

        if (s.n >= 3 && p[0] == 0xED && p[1] >= 0xA0 && p[1] <= 0xBF && (p[2] & 0xC0) == 0x80)
            n = 3;
        else if (point == RD_UTF8_INVALID)
            rd_buf_put_str(b, "\xEF\xBF\xBD");
        else if (xml_allows(point))
            rd_buf_put(b, s.p, n);
        s = rd_slice_skip(s, n);
    }
}

static void
expect_attribute(struct rd_buf *b, const char *name, struct rd_slice value)
{
    if (value.p == NULL)
        return;
    rd_buf_printf(b, "@%s=", name);
    expect_text(b, value);
    rd_buf_put_char(b, 0);
}

static void
expect_element(struct rd_buf *b, const char *name, struct rd_slice text)
{
    rd_buf_printf(b, "(%s|", name);
    expect_text(b, text);
    rd_buf_put_str(b, ")");
}

static void
expect_message(struct rd_buf *b, const struct rd_reply_message *m)
{
    rd_buf_put_str(b, "(Message");
    expect_attribute(b, "to", m->to);
    expect_attribute(b, "from", m->from);
    expect_attribute(b, "action", m->action);
    expect_attribute(b, "method", m->method);
    expect_attribute(b, "statusCallback", m->status_callback);
    rd_buf_put_char(b, '|');
    if (m->n_media == 0 && !m->nouns)
        expect_text(b, m->body);
    else if (m->body.p != NULL)
        expect_element(b, "Body", m->body);
    for (size_t i = 0; i < m->n_media; i++)
        expect_element(b, "Media", m->media[i]);
    rd_buf_put_str(b, ")");
}

static void
expect_reply(struct rd_buf *b, const struct rd_reply *r)
{
    rd_buf_put_str(b, "(Response|");
    for (size_t i = 0; i < r->n; i++)
        expect_message(b, &r->messages[i]);
    if (r->redirect.p != NULL) {
        rd_buf_put_str(b, "(Redirect");
        expect_attribute(b, "method", r->redirect_method);
        rd_buf_put_char(b, '|');
        expect_text(b, r->redirect);
        rd_buf_put_str(b, ")");
    }
    rd_buf_put_str(b, ")");
}

/* ---- what is found ------------------------------------------------------------------ */

struct xml {
    struct rd_slice rest;
    struct rd_buf *found;
};

static bool
xml_take(struct xml *x, const char *text)
{
    if (!rd_slice_starts(x->rest, rd_slice_str(text)))
        return false;
    x->rest = rd_slice_skip(x->rest, strlen(text));
    return true;
}

/* Characters up to a delimiter; none that XML forbids, a parser would change, or is unescaped. */
static void
xml_text(struct xml *x, const char *until)
{
    static const struct { const char *escape, *text; } escapes[] = {
        { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" }, { "&#xD;", "\r" },
        { "&#x9;", "\t" }, { "&#xA;", "\n" },
    };
    bool attribute = *until == '"';
    uint32_t point;

    while (RD_ASSERT(x->rest.n > 0), strchr(until, x->rest.p[0]) == NULL) {
        size_t i = 0, n = rd_utf8_decode(x->rest, &point);

        while (i < sizeof escapes / sizeof escapes[0] && !xml_take(x, escapes[i].escape))
            i++;
        if (i < sizeof escapes / sizeof escapes[0]) {
            rd_buf_put_str(x->found, escapes[i].text);
            continue;
        }
        RD_ASSERT(point != RD_UTF8_INVALID && xml_allows(point));
        RD_ASSERT(point != '&' && point != '<' && point != '\r' && (attribute || point != '>'));
        RD_ASSERT(!attribute || (point != '\t' && point != '\n'));
        rd_buf_put(x->found, x->rest.p, n);
        x->rest = rd_slice_skip(x->rest, n);
    }
}

static struct rd_slice
xml_name(struct xml *x)
{
    size_t n = 0;
    struct rd_slice name;

    while (n < x->rest.n && ((x->rest.p[n] | 32) >= 'a' && (x->rest.p[n] | 32) <= 'z'))
        n++;
    RD_ASSERT(n > 0);
    name = rd_slice_make(x->rest.p, n);
    x->rest = rd_slice_skip(x->rest, n);
    rd_buf_put_slice(x->found, name);
    return name;
}

static void
xml_element(struct xml *x, int depth)
{
    struct rd_slice name;

    RD_ASSERT(depth < 3);
    RD_ASSERT(xml_take(x, "<"));
    rd_buf_put_char(x->found, '(');
    name = xml_name(x);
    while (xml_take(x, " ")) {
        rd_buf_put_char(x->found, '@');
        xml_name(x);
        RD_ASSERT(xml_take(x, "=\""));
        rd_buf_put_char(x->found, '=');
        xml_text(x, "\"");
        RD_ASSERT(xml_take(x, "\""));
        rd_buf_put_char(x->found, 0);
    }
    rd_buf_put_char(x->found, '|');
    if (!xml_take(x, "/>")) {
        RD_ASSERT(xml_take(x, ">"));
        xml_text(x, "<");
        while (!rd_slice_starts(x->rest, RD_LIT("</"))) {
            xml_element(x, depth + 1);
            xml_text(x, "<");
        }
        RD_ASSERT(xml_take(x, "</") && rd_slice_starts(x->rest, name));
        x->rest = rd_slice_skip(x->rest, name.n);
        RD_ASSERT(xml_take(x, ">"));
    }
    rd_buf_put_char(x->found, ')');
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    struct rd_reply *r = rd_reply_new(1 << 24);
    struct rd_buf document, found, expected;
    struct xml x;

    rd_buf_init(&document, 1 << 24);
    rd_buf_init(&found, 1 << 24);
    rd_buf_init(&expected, 1 << 24);
    reply_read(r, data, n);
    RD_ASSERT(rd_twiml_write(r, &document) >= 0);
    x = (struct xml){ rd_buf_slice(&document), &found };
    RD_ASSERT(xml_take(&x, TWIML_HEAD));
    xml_element(&x, 0);
    RD_ASSERT(x.rest.n == 0);
    expect_reply(&expected, r);
    RD_ASSERT(rd_slice_eq(rd_buf_slice(&found), rd_buf_slice(&expected)));
    rd_buf_free(&document);
    rd_buf_free(&found);
    rd_buf_free(&expected);
    rd_reply_free(r);
    return 0;
}
