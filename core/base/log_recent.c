/* log_recent.c - see log_recent.h. Owns the lines; called by log_line.c and gateway. */
#include "base/log_recent.h"

#include <pthread.h>

struct recent {
    size_t n;
    char bytes[RD_LOG_RECENT];
};

static pthread_mutex_t recent_lock = PTHREAD_MUTEX_INITIALIZER;    /* for a copy or one look */
static struct recent recent_notes, recent_warnings;

/* Half of it goes at a time, up to the end of a line, so that not every line moves the rest. */
static void
recent_make_room(struct recent *r)
{
    struct rd_slice all = rd_slice_make(r->bytes, r->n);
    size_t half = r->n / 2;
    size_t cut = half + rd_slice_find(rd_slice_skip(all, half), '\n') + 1;

    cut = cut < r->n ? cut : r->n;
    memmove(r->bytes, r->bytes + cut, r->n - cut);
    r->n -= cut;
}

void
rd_log_recent_keep(struct rd_slice line, bool warning)
{
    struct recent *r = warning ? &recent_warnings : &recent_notes;

    if (line.n == 0 || line.n > RD_LOG_RECENT / 4)
        return;
    pthread_mutex_lock(&recent_lock);
    if (line.n > sizeof r->bytes - r->n)
        recent_make_room(r);
    memcpy(r->bytes + r->n, line.p, line.n);
    r->n += line.n;
    pthread_mutex_unlock(&recent_lock);
}

static void
recent_find(const struct recent *r, struct rd_slice needle, struct rd_buf *out)
{
    struct rd_slice rest = rd_slice_make(r->bytes, r->n);

    while (rest.n > 0) {
        size_t n = rd_slice_find(rest, '\n') + 1;

        if (memmem(rest.p, n - 1, needle.p, needle.n) != NULL)
            rd_buf_put(out, rest.p, n);
        rest = rd_slice_skip(rest, n);
    }
}

void
rd_log_recent_find(struct rd_slice needle, struct rd_buf *out)
{
    pthread_mutex_lock(&recent_lock);
    recent_find(&recent_warnings, needle, out);
    recent_find(&recent_notes, needle, out);
    pthread_mutex_unlock(&recent_lock);
}
