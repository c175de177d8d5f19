/* burst.c - see burst.h. Called on script threads by conversation.c. */
#include "gateway/burst.h"

#include <stddef.h>
#include <string.h>

#include "twilio/fields.h"

#define BURST_ROOM ((size_t)4096)    /* for parts, and what the arena rounds up */
#define BURST_FOLD 4                 /* a folded word is at most so many times as long */

/* What a message says, summed up over the parts. */
struct burst_size {
    size_t body, media;
};

static void
burst_count(struct burst_size *size, const struct rd_message *m)
{
    size->body += m->body.n + 1;
    size->media += m->n_media;
}

static void
burst_parts(struct rd_message *m, struct rd_message *before, struct rd_message *last)
{
    size_t n = before->n_parts;

    if (n == 0)
        m->parts[n++] = rd_message_ref(before);
    else
        for (size_t i = 0; i < n; i++)
            m->parts[i] = rd_message_ref(before->parts[i]);
    m->parts[n++] = rd_message_ref(last);
    m->n_parts = n;
}

/* Whoever sends a picture without a word has said nothing, not an empty line. */
static struct rd_slice
burst_body(const struct rd_message *m, char *text)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_parts; i++) {
        struct rd_slice body = m->parts[i]->body;

        if (body.n == 0)
            continue;
        if (n > 0)
            text[n++] = '\n';
        memcpy(text + n, body.p, body.n);
        n += body.n;
    }
    return rd_slice_make(text, n);
}

static void
burst_media(struct rd_message *m)
{
    m->n_media = 0;
    for (size_t i = 0; i < m->n_parts; i++)
        for (size_t j = 0; j < m->parts[i]->n_media; j++)
            m->media[m->n_media++] = m->parts[i]->media[j];
}

/* What both say; the room was counted for it. */
static void
burst_fill(struct rd_message *m, const struct burst_size *size)
{
    char *text = rd_arena_alloc(&m->arena, size->body);
    int error;

    RD_ASSERT(text != NULL);
    m->media = rd_arena_alloc(&m->arena, (size->media + 1) * sizeof *m->media);
    RD_ASSERT(m->media != NULL);
    burst_media(m);
    error = rd_fields_read_body(m, burst_body(m, text));
    RD_ASSERT(error == 0);
}

struct rd_message *
rd_burst_join(struct rd_message *before, struct rd_message *last)
{
    struct burst_size size = { 0 };
    struct rd_message *m;

    if (before->n_parts >= RD_BURST_PARTS)
        return NULL;
    burst_count(&size, before);
    burst_count(&size, last);
    m = rd_message_new(BURST_ROOM + (1 + BURST_FOLD) * size.body +
                       size.media * sizeof *m->media, BURST_ROOM);
    memcpy(&m->params, &last->params, sizeof *m - offsetof(struct rd_message, params));
    m->parts = rd_arena_alloc(&m->arena, RD_BURST_PARTS * sizeof(struct rd_message *));
    RD_ASSERT(m->parts != NULL);
    burst_parts(m, before, last);
    burst_fill(m, &size);
    return m;
}
