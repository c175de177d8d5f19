/* limits.c - see limits.h. Called by gateway for every reply, before its bytes are committed. */
#include "gateway/limits.h"

#include <stdio.h>

#include "base/error.h"
#include "base/fold.h"
#include "base/utf8.h"
#include "twilio/segments.h"
#include "twilio/twiml.h"

#define LIMITS_GROWTH 6       /* the longest escape of one byte: &quot; */
#define LIMITS_MARKUP 200     /* tags and attribute names of one message */
#define LIMITS_ELLIPSIS "\xE2\x80\xA6"

static bool
limits_is_long(struct rd_slice body)
{
    return body.n > RD_LIMITS_UNITS && rd_utf8_units(body) > RD_LIMITS_UNITS;
}

/* ---- splitting ------------------------------------------------------------------ */

/* The beginning of body with an ellipsis, as one body; {NULL, 0} over the arena's cap. */
static struct rd_slice
limits_cut(struct rd_slice body, struct rd_arena *a)
{
    struct rd_slice head = rd_slice_make(body.p, rd_segments_head(body, RD_LIMITS_UNITS - 1));
    char *p = rd_arena_alloc(a, head.n + sizeof LIMITS_ELLIPSIS);

    if (p == NULL)
        return rd_slice_make(NULL, 0);
    while (head.n > 0 && rd_text_is_blank((unsigned char)head.p[head.n - 1]))
        head.n--;
    memcpy(p, head.p, head.n);
    memcpy(p + head.n, LIMITS_ELLIPSIS, sizeof LIMITS_ELLIPSIS);
    return rd_slice_make(p, head.n + sizeof LIMITS_ELLIPSIS - 1);
}

/* Adds the pieces of m to the end of out, at most `most`; 0 or RD_E_TOO_BIG. */
static int
limits_split(struct rd_reply *out, const struct rd_reply_message *m, size_t most,
             struct rd_limits_note *note)
{
    struct rd_slice rest = m->body, piece;
    size_t n;

    for (n = 0; n == 0 || rd_text_trim(rest).n > 0; n++) {
        struct rd_reply_message *to = &out->messages[out->n++];

        piece = rd_slice_make(rest.p, rd_segments_head(rest, RD_LIMITS_UNITS));
        rest = rd_slice_skip(rest, piece.n);
        if (n + 1 == most && rd_text_trim(rest).n > 0) {
            piece = limits_cut(rd_slice_make(piece.p, piece.n + rest.n), &out->arena);
            rest.n = 0;
            note->cut++;
        }
        *to = *m;
        to->body = piece;
        to->n_media = n == 0 ? m->n_media : 0;
        if (rd_text_trim(rest).n > 0)
            to->action = to->method = rd_slice_make(NULL, 0);
        if (piece.p == NULL)
            return RD_E_TOO_BIG;
    }
    note->split += n > 1;
    return 0;
}

static int
limits_split_all(struct rd_reply *r, struct rd_limits_note *note)
{
    size_t n = r->n, spare = RD_REPLY_MESSAGES - r->n;
    const struct rd_reply_message *from = r->messages;
    int error = 0;

    r->messages = rd_arena_alloc(&r->arena, RD_REPLY_MESSAGES * sizeof *r->messages);
    r->n = 0;
    r->cap = RD_REPLY_MESSAGES;
    if (r->messages == NULL) {
        r->cap = 0;
        return RD_E_TOO_BIG;
    }
    for (size_t i = 0; i < n && error == 0; i++) {
        size_t before = r->n;

        if (limits_is_long(from[i].body))
            error = limits_split(r, &from[i], spare + 1, note);
        else
            r->messages[r->n++] = from[i];
        spare -= r->n - before - 1;
    }
    return error;
}

/* ---- what is the author's -------------------------------------------------------- */

static int
limits_check_counts(const struct rd_reply *r, struct rd_limits_note *note)
{
    if (r->n > RD_REPLY_MESSAGES) {
        snprintf(note->error, sizeof note->error,
            "the reply has %zu messages, Twilio takes at most %d", r->n, RD_REPLY_MESSAGES);
        return RD_E_INVALID;
    }
    for (size_t i = 0; i < r->n; i++)
        if (r->messages[i].n_media > RD_REPLY_MEDIA) {
            snprintf(note->error, sizeof note->error,
                "message %zu of the reply has more than %d media, which is all that Twilio takes",
                i + 1, RD_REPLY_MEDIA);
            return RD_E_INVALID;
        }
    return 0;
}

/* More bytes than the TwiML of r can have. */
static size_t
limits_most_bytes(const struct rd_reply *r)
{
    size_t bytes = r->redirect.n + r->redirect_method.n, markup = LIMITS_MARKUP;

    for (size_t i = 0; i < r->n; i++) {
        const struct rd_reply_message *m = &r->messages[i];

        bytes += m->body.n + m->to.n + m->from.n + m->action.n + m->method.n + m->status_callback.n;
        for (size_t k = 0; k < m->n_media; k++)
            bytes += m->media[k].n;
        markup += LIMITS_MARKUP * (1 + m->n_media);
    }
    return bytes * LIMITS_GROWTH + markup;
}

static int
limits_check_bytes(const struct rd_reply *r, struct rd_limits_note *note)
{
    struct rd_buf b;
    int written;

    if (limits_most_bytes(r) <= RD_LIMITS_TWIML)
        return 0;
    rd_buf_init(&b, RD_LIMITS_TWIML);
    written = rd_twiml_write(r, &b);
    rd_buf_free(&b);
    if (written >= 0)
        return 0;
    snprintf(note->error, sizeof note->error,
        "the reply is more than %d bytes of TwiML, which is all that Twilio takes",
        RD_LIMITS_TWIML);
    return RD_E_INVALID;
}

int
rd_limits_apply(struct rd_reply *r, struct rd_limits_note *note)
{
    bool is_long = false;
    int error;

    *note = (struct rd_limits_note){ 0 };
    RD_CHECK(r, RD_REPLY_MAGIC);
    error = limits_check_counts(r, note);
    if (error != 0)
        return error;
    for (size_t i = 0; i < r->n; i++)
        is_long |= limits_is_long(r->messages[i].body);
    if (is_long)
        error = limits_split_all(r, note);
    return error != 0 ? error : limits_check_bytes(r, note);
}
