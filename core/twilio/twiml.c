/*
 * twiml.c - see twiml.h. Pure; called from gateway where bytes are committed.
 *
 * Attribute order and escapes are those of Twilio's node library, byte for byte
 * (tests/vectors/twiml-vectors.json).
 */
#include "twilio/twiml.h"

#include "base/utf8.h"

struct twiml {
    struct rd_buf *out;
    int removed;    /* characters that XML forbids */
};

enum twiml_place { TWIML_TEXT, TWIML_ATTRIBUTE };

/* What stands for this byte, or NULL when it stands for itself. CR, and in attributes TAB and LF
 * too, would be changed by any XML parser (XML 1.0, 2.11 and 3.3.3). */
static const char *
twiml_escape(unsigned char c, enum twiml_place place)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return place == TWIML_TEXT ? "&gt;" : NULL;
    case '\r': return "&#xD;";
    case '"': return place == TWIML_ATTRIBUTE ? "&quot;" : NULL;
    case '\t': return place == TWIML_ATTRIBUTE ? "&#x9;" : NULL;
    case '\n': return place == TWIML_ATTRIBUTE ? "&#xA;" : NULL;
    }
    return NULL;
}

/* Writes the one character at s that cannot be copied as it is; returns its bytes, 0 if it can. */
static size_t
twiml_special(struct twiml *w, struct rd_slice s, enum twiml_place place)
{
    const char *escape = twiml_escape((unsigned char)s.p[0], place);
    uint32_t point;
    size_t n;

    if (escape != NULL) {
        rd_buf_put_str(w->out, escape);
        return 1;
    }
    n = rd_utf8_forbidden(s);
    if (n > 0) {
        w->removed++;
        return n;
    }
    n = rd_utf8_decode(s, &point);
    if (point != RD_UTF8_INVALID)
        return 0;
    rd_buf_put_str(w->out, "\xEF\xBF\xBD");
    return n;
}

/* Bytes that no rule above concerns: printable ASCII but the escaped ones. */
static bool
twiml_is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '&' && c != '<' && c != '>' && c != '"';
}

static void
twiml_put(struct twiml *w, struct rd_slice s, enum twiml_place place)
{
    size_t written = 0, i = 0;
    uint32_t point;

    if (s.n == 0)
        return;    /* s.p may be NULL */
    while (i < s.n) {
        size_t n;

        if (twiml_is_plain(s.p[i])) {
            i++;
            continue;
        }
        rd_buf_put(w->out, s.p + written, i - written);
        written = i;
        n = twiml_special(w, rd_slice_skip(s, i), place);
        written += n;
        i += n > 0 ? n : rd_utf8_decode(rd_slice_skip(s, i), &point);
    }
    rd_buf_put(w->out, s.p + written, s.n - written);
}

static void
twiml_attribute(struct twiml *w, const char *name, struct rd_slice value)
{
    if (value.p == NULL)
        return;
    rd_buf_put_char(w->out, ' ');
    rd_buf_put_str(w->out, name);
    rd_buf_put_str(w->out, "=\"");
    twiml_put(w, value, TWIML_ATTRIBUTE);
    rd_buf_put_char(w->out, '"');
}

/* Ends an element whose start tag ended just before start; "/>" if nothing followed. */
static void
twiml_end(struct twiml *w, const char *name, size_t start)
{
    if (w->out->error == 0 && w->out->n == start) {
        w->out->n--;
        rd_buf_put_str(w->out, "/>");
        return;
    }
    rd_buf_put_str(w->out, "</");
    rd_buf_put_str(w->out, name);
    rd_buf_put_char(w->out, '>');
}

/* The rest of an element whose start tag is still open: its text and end. */
static void
twiml_finish(struct twiml *w, const char *name, struct rd_slice text)
{
    size_t start;

    rd_buf_put_char(w->out, '>');
    start = w->out->n;
    twiml_put(w, text, TWIML_TEXT);
    twiml_end(w, name, start);
}

static void
twiml_element(struct twiml *w, const char *name, struct rd_slice text)
{
    rd_buf_put_char(w->out, '<');
    rd_buf_put_str(w->out, name);
    twiml_finish(w, name, text);
}

static void
twiml_message(struct twiml *w, const struct rd_reply_message *m)
{
    size_t start;

    rd_buf_put_str(w->out, "<Message");
    twiml_attribute(w, "to", m->to);
    twiml_attribute(w, "from", m->from);
    twiml_attribute(w, "action", m->action);
    twiml_attribute(w, "method", m->method);
    twiml_attribute(w, "statusCallback", m->status_callback);
    if (m->n_media == 0 && !m->nouns) {
        twiml_finish(w, "Message", m->body);
        return;
    }
    rd_buf_put_char(w->out, '>');
    start = w->out->n;
    if (m->body.p != NULL)
        twiml_element(w, "Body", m->body);
    for (size_t i = 0; i < m->n_media; i++)
        twiml_element(w, "Media", m->media[i]);
    twiml_end(w, "Message", start);
}

int
rd_twiml_write(const struct rd_reply *r, struct rd_buf *out)
{
    struct twiml w = { .out = out };

    if (rd_reply_is_empty(r))
        return rd_buf_put_str(out, RD_TWIML_EMPTY);
    rd_buf_put_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>");
    for (size_t i = 0; i < r->n; i++)
        twiml_message(&w, &r->messages[i]);
    if (r->redirect.p != NULL) {
        rd_buf_put_str(out, "<Redirect");
        twiml_attribute(&w, "method", r->redirect_method);
        twiml_finish(&w, "Redirect", r->redirect);
    }
    rd_buf_put_str(out, "</Response>");
    return out->error != 0 ? out->error : w.removed;
}
