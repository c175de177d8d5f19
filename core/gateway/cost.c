/* cost.c - see cost.h. Noted on script threads before the answer is shared, logged by fronts. */
#include "gateway/cost.h"

#include <stdio.h>

#include "base/utf8.h"
#include "twilio/segments.h"

/* As much of the character as fits, in whole code points. */
static void
cost_blame(struct rd_answer_cost *cost, struct rd_slice c)
{
    size_t at = 0;
    uint32_t point;

    while (at < c.n) {
        size_t n = rd_utf8_decode(rd_slice_skip(c, at), &point);

        if (at + n >= sizeof cost->forced_by)
            break;
        at += n;
    }
    memcpy(cost->forced_by, c.p, at);
    cost->forced_by[at] = '\0';
}

static uint16_t
cost_of(struct rd_answer_cost *cost, const struct rd_reply_message *m)
{
    struct rd_segments s;

    if (m->n_media > 0)
        return 1;    /* an MMS is one, whatever its text */
    s = rd_segments_count(m->body);
    if (s.ucs2 && cost->forced_by[0] == '\0')
        cost_blame(cost, s.forced_by);
    return s.count < UINT16_MAX ? (uint16_t)s.count : UINT16_MAX;
}

void
rd_cost_note(struct rd_answer *a, const struct rd_reply *r, struct rd_slice channel)
{
    if (a == NULL || r == NULL || r->n == 0 ||    /* the empty answer is every thread's */
        (!rd_slice_eq(channel, RD_LIT("sms")) && !rd_slice_eq(channel, RD_LIT("mms"))))
        return;
    a->cost.n = 0;
    for (size_t i = 0; i < r->n && i < RD_ANSWER_REPLIES; i++)
        a->cost.segments[a->cost.n++] = cost_of(&a->cost, &r->messages[i]);
}

void
rd_cost_log(struct rd_log_line *l, const struct rd_answer *a)
{
    char text[RD_ANSWER_REPLIES * 11 + 1] = "";
    size_t n = 0;

    for (unsigned i = 0; i < a->cost.n; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%u", i > 0 ? "," : "",
                              a->cost.segments[i]);
    if (n > 0)
        rd_log_str(l, "segments", text);
    if (a->cost.forced_by[0] != '\0')
        rd_log_str(l, "ucs2", a->cost.forced_by);
}
