/* log_recent.c - see log_recent.h. Owns the lines; called by log_line.c and gateway. */
#include "base/log_recent.h"

#include <pthread.h>

static struct {
    pthread_mutex_t lock;    /* held for a copy, by a reader for one look at everything */
    size_t n;
    char bytes[RD_LOG_RECENT];
} recent = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Half of it goes at a time, up to the end of a line, so that not every line moves the rest. */
static void
recent_make_room(void)
{
    struct rd_slice all = rd_slice_make(recent.bytes, recent.n);
    size_t half = recent.n / 2;
    size_t cut = half + rd_slice_find(rd_slice_skip(all, half), '\n') + 1;

    cut = cut < recent.n ? cut : recent.n;
    memmove(recent.bytes, recent.bytes + cut, recent.n - cut);
    recent.n -= cut;
}

void
rd_log_recent_keep(struct rd_slice line)
{
    if (line.n == 0 || line.n > RD_LOG_RECENT / 4)
        return;
    pthread_mutex_lock(&recent.lock);
    if (line.n > sizeof recent.bytes - recent.n)
        recent_make_room();
    memcpy(recent.bytes + recent.n, line.p, line.n);
    recent.n += line.n;
    pthread_mutex_unlock(&recent.lock);
}

void
rd_log_recent_find(struct rd_slice needle, struct rd_buf *out)
{
    struct rd_slice rest;

    pthread_mutex_lock(&recent.lock);
    rest = rd_slice_make(recent.bytes, recent.n);
    while (rest.n > 0) {
        size_t n = rd_slice_find(rest, '\n') + 1;

        if (memmem(rest.p, n - 1, needle.p, needle.n) != NULL)
            rd_buf_put(out, rest.p, n);
        rest = rd_slice_skip(rest, n);
    }
    pthread_mutex_unlock(&recent.lock);
}
